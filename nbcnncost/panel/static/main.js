// The panel: the store that all its parts read and write, and where they stand.
//
// Hooks for tests and for people's own styles; rows have `data-id`, cells and column heads `data-key`:
// cc-head, cc-model, cc-totals (a total each with data-key), cc-toolbar, cc-filter, cc-types, cc-columns, cc-flat,
// cc-expand, cc-collapse, cc-metric, cc-pin, cc-export (menus: a button, and a cc-menu behind it), cc-table, cc-row
// (cc-sum, cc-failed, cc-new, cc-removed), cc-twist, cc-sort, cc-difference, cc-error, cc-earlier, cc-later, cc-total,
// cc-side, cc-tab, cc-status (cc-count, cc-said), cc-busy, cc-wrong, cc-notes.

const USUAL_VIEW = {
  columns: null,
  sort: null,
  descending: true,
  flat: false,
  text: "",
  types: [],
  expanded: null,
  chart: "bars",
};

// What Python packs, since a notebook keeps it.
const PACKED = ["table", "baseline", "details"];

// What a view of the panel knows. Parts listen to "table", "visible", "selected", "details", "controls", "baseline",
// "status", "view" and "said", and read: `rows`, `visible()`, `metric`, `selected`, `view`, `columns()`.
async function makeStore(model) {
  const listeners = new Map();
  const ending = new AbortController();
  const reader = makeReader(model);
  const store = {
    model,
    signal: ending.signal,
    t: (text, ...values) => fillText(model.get("words")?.[text] ?? text, values),
    on(event, callback) {
      listeners.set(event, [...(listeners.get(event) || []), callback]);
    },
    emit: (event, value) => (listeners.get(event) || []).forEach((callback) => callback(value)),
    say: (text, isError = false) => store.emit("said", { text, isError }),
    get table() {
      return reader.get("table") || {};
    },
    get baseline() {
      const pinned = reader.get("baseline");
      return pinned?.rows ? pinned : null;
    },
    get details() {
      return reader.get("details") || {};
    },
    get selected() {
      return model.get("selected") || "";
    },
    get view() {
      return { ...USUAL_VIEW, ...model.get("view") };
    },
    end: () => ending.abort(),
  };
  const tell = (callback, values) => ending.signal.aborted || callback(...values);
  store.listen = (event, callback) => {
    const hear = (...values) => (store.isWriting ? tell(callback, values) : reader.afterwards(() => tell(callback, values)));
    model.on(event, hear);
    ending.signal.addEventListener("abort", () => model.off(event, hear));
  };
  await reader.afterwards(() => {});
  addWriting(store);
  addRows(store);
  addRequests(store);
  for (const name of ["details", "controls", "status"]) store.listen("change:" + name, () => store.emit(name));
  store.listen("change:selected", () => store.emit("selected", store.selected));
  return store;
}

// The model's packed values. What is to be done `afterwards` waits for its turn, and until all that has come by then is
// unpacked: so what Python changes is heard in its order, and what comes together is heard together.
function makeReader(model) {
  const known = {};
  let turn = Promise.resolve();
  let waiting = [];
  const read = async (name) => {
    const packed = model.get(name);
    if (known[name]?.packed === packed) return known[name];
    return { packed, value: packed ? await unpackText(packed) : null };
  };
  const flush = async () => {
    const acts = waiting;
    waiting = [];
    const values = await Promise.all(PACKED.map(read));
    PACKED.forEach((name, place) => (known[name] = values[place]));
    for (const act of acts) act();
  };
  return {
    get: (name) => known[name]?.value,
    afterwards: (act) => {
      if (waiting.push(act) === 1) turn = turn.catch(() => {}).then(flush);
      return turn;
    },
  };
}

// How a part changes what is shown: at once here, and soon in Python.
function addWriting(store) {
  let waiting = 0;
  const save = () => {
    waiting = 0;
    try {
      store.model.save_changes();
    } catch {
      // Without a kernel there is nobody to tell; the page itself goes on.
    }
  };
  store.set = (name, value, delay = 0) => {
    store.isWriting = true;
    try {
      store.model.set(name, value);
    } finally {
      store.isWriting = false;
    }
    clearTimeout(waiting);
    if (delay) waiting = setTimeout(save, delay);
    else save();
  };
  store.update = (part) => store.set("view", { ...store.view, ...part }, 150);
  store.select = (id) => store.set("selected", id);
  store.signal.addEventListener("abort", () => {
    if (waiting) save();
  });
}

// The rows and their sums, kept up with the table, the baseline and the view.
function addRows(store) {
  let unpacked, sums, visible, kept;
  const methods = rowMethods((key) => sums[key]);
  const count = () => {
    kept = filterRows(unpacked.rows, store.view.text, store.view.types);
    sums = {};
    for (const key of unpacked.keys) sums[key] = sumsOf(unpacked, kept, key);
  };
  const sortValue = (key) => {
    const column = store.column(key);
    if (key === "name") return (row) => row.id;
    if (!column) return differenceOf(key);
    if (column.kind !== "text") return (row) => sums[column.of || key].known[row.index];
    return key === "type" ? (row) => row.type + " " + row.settings : (row) => row[key];
  };
  const differenceOf = (key) => {
    const { known, before } = (key?.startsWith(DIFFERENCE) && sums[key.slice(1)]) || {};
    return before ? ({ index }) => minus(known[index], before[index]) : null;
  };
  const arrange = () => {
    const { sort, descending, flat } = store.view;
    visible = visibleRows(unpacked.rows, { kept, opened: store.opened(), flat, value: sortValue(sort), descending });
  };
  const load = () => {
    unpacked = unpackTable(store.table, store.baseline, store.t("removed"), methods);
    count();
    arrange();
  };
  addReading(store, () => ({ unpacked, visible, kept }));
  // The sum of all leaves shown, read as a row's.
  store.shownTotal = {
    __proto__: methods,
    get index() {
      return unpacked.rows.length;
    },
  };
  load();
  followRows(store, load, count, arrange);
}

// What a number adds up to in each row: what is known, how much is not, and what the baseline had.
function sumsOf({ rows, numbers, unknown, before }, kept, key) {
  return {
    known: addUp(rows, kept, (index) => numbers[key][index]),
    missing: addUp(rows, kept, (index) => unknown[key].get(index)),
    before: before && addUp(rows, kept, (index) => before[key][index]),
  };
}

// What can be asked of a row: its number, the sum of those shown for a container, null where nothing is known;
// how many operations that lacks; and what the baseline had, null where it has no such row.
function rowMethods(sumsFor) {
  return {
    value(key) {
      const sums = sumsFor(key);
      if (!sums) return null;
      const known = sums.known[this.index];
      return sums.missing[this.index] && !Number(known) ? null : known;
    },
    unknown(key) {
      return sumsFor(key)?.missing[this.index] || 0;
    },
    baseline(key) {
      return this.isNew ? null : (sumsFor(key)?.before?.[this.index] ?? null);
    },
  };
}

// What other parts read of the rows.
function addReading(store, now) {
  const known = (key) => now().unpacked.keys.includes(key);
  Object.defineProperties(store, {
    rows: { get: () => now().unpacked.rows },
    metric: { get: () => [store.view.metric, store.table.metric].find(known) ?? now().unpacked.keys[0] },
    filtered: { get: () => Boolean(store.view.text.trim() || store.view.types.length) },
  });
  store.visible = () => now().visible;
  store.row = (id) => now().unpacked.byId.get(id);
  store.keys = () => now().unpacked.keys;
  store.lacks = (key) => now().unpacked.unknown[key]?.size || 0;
  store.keeps = (row) => Boolean(now().kept[row.index]);
  store.column = (key) => (store.table.columns || []).find((column) => column.key === key);
  store.columns = () => {
    const chosen = store.view.columns || store.table.shown || [];
    return (store.table.columns || []).filter((column) => chosen.includes(column.key));
  };
  store.opened = () => {
    const { expanded } = store.view;
    return expanded ? new Set(expanded) : firstOpening(store.rows, now().kept, store.filtered ? 200 : 60);
  };
}

// Reads anew what has changed: a table and its baseline together where they come together.
function followRows(store, load, count, arrange) {
  let stale = false;
  const reload = () => {
    if (stale) return;
    stale = true;
    queueMicrotask(() => {
      stale = false;
      if (store.signal.aborted) return;
      load();
      for (const event of ["table", "baseline", "visible"]) store.emit(event);
    });
  };
  for (const name of ["table", "baseline"]) store.listen("change:" + name, reload);
  let filter = "";
  store.listen("change:view", () => {
    const { text, types } = store.view;
    if (filter !== (filter = JSON.stringify([text, types]))) count();
    arrange();
    store.emit("view");
    store.emit("visible");
  });
}

// Questions to Python, each with its answer, or with a sentence where none comes.
function addRequests(store) {
  const open = new Map();
  let number = Math.floor(Math.random() * 2 ** 40);
  const silence = () => store.t("Python did not answer; this needs a running kernel.");
  store.send = (message, patience = 20000) =>
    new Promise((resolve, reject) => {
      const request = ++number;
      const fail = () => {
        open.delete(request);
        reject(new Error(silence()));
      };
      open.set(request, { resolve, reject, timer: setTimeout(fail, patience) });
      try {
        store.model.send({ ...message, request });
      } catch {
        fail();
      }
    });
  store.listen("msg:custom", (answer) => {
    const question = open.get(answer?.request);
    if (!question) return;
    open.delete(answer.request);
    clearTimeout(question.timer);
    if (answer.kind === "said" && answer.error) question.reject(new Error(answer.text));
    else question.resolve(answer);
  });
  // For what Python answers by a change of the panel itself.
  store.command = (kind, trait) => {
    const now = store.model.get(trait);
    try {
      store.model.send({ kind });
    } catch {
      return store.say(silence(), true);
    }
    setTimeout(() => {
      if (!store.signal.aborted && store.model.get(trait) === now) store.say(silence(), true);
    }, 8000);
  };
  store.signal.addEventListener("abort", () => open.forEach(({ timer }) => clearTimeout(timer)));
}

// Model, input and whole totals, with how they differ from what is pinned.
function makeHead(store) {
  const head = element("div", { class: "cc-head" });
  const draw = () => {
    const { model = "", summary = [], convention = "" } = store.table;
    const first = element(
      "p",
      { class: "cc-title" },
      element("strong", { class: "cc-model" }, isolated(model)),
      " ",
      element("span", { class: "cc-muted" }, isolated([summary[0], convention].filter(Boolean).join(" · "))),
    );
    const { error } = store.model.get("status") || {};
    const said = store.table.failure && error ? [stopText(store, error), ...summary.slice(3)] : summary.slice(2);
    const more = said.map((line) => element("p", { class: line.startsWith("✗") ? "cc-bad" : "cc-muted" }, ...coded(line)));
    const pinned = store.baseline;
    const words = pinned && store.t("▲ ▼ against the baseline {0}", pinned.label);
    const against = pinned && element("p", { class: "cc-muted cc-against" }, words);
    head.replaceChildren(
      element("div", {}, first, ...more, against),
      element(
        "dl",
        { class: "cc-totals" },
        ...store
          .keys()
          .filter((key) => key === store.metric || store.table.shown.includes(key))
          .map((key) => totalOf(store, key)),
      ),
    );
  };
  for (const event of ["table", "status"]) store.on(event, draw);
  draw();
  return head;
}

// Where a what-if stops; why is said there.
function stopText(store, { path }) {
  return `✗ ${store.t("stopped at {0}", path || store.table.model)}`;
}

// One of the totals: short, in full in its title.
function totalOf(store, key) {
  const column = store.column(key);
  const whole = readNumber(store.table.total?.[key]);
  const lacking = store.lacks(key);
  const number = element(
    "dd",
    { title: whole === null ? "" : exactNumber(whole) },
    whole === null ? "?" : partlyText(whole, lacking, shortNumber),
  );
  const before = readNumber(store.baseline?.total?.[key]);
  if (before !== null && whole !== null) {
    const change = minus(whole, before);
    number.append(
      " ",
      element(
        "small",
        { class: differenceClass(change), title: differenceText(change) },
        differenceText(change, shortNumber),
      ),
    );
  }
  return element("div", { "data-key": key }, element("dt", { title: column.title || "" }, column.header), number);
}

// Bars and treemap under two tabs.
function makeCharts(store) {
  const kinds = { bars: [store.t("Bars"), makeBars(store)], treemap: [store.t("Treemap"), makeTreemap(store)] };
  const tabs = Object.entries(kinds).map(([kind, [label]]) =>
    element(
      "button",
      { type: "button", class: "cc-tab", role: "tab", "data-key": kind, onclick: () => store.update({ chart: kind }) },
      label,
    ),
  );
  const list = element(
    "div",
    {
      class: "cc-tabs",
      role: "tablist",
      "aria-label": store.t("Chart"),
      onkeydown: (event) => {
        if (event.key !== "ArrowRight" && event.key !== "ArrowLeft") return;
        store.update({ chart: store.view.chart === "bars" ? "treemap" : "bars" });
        list.querySelector("[aria-selected=true]").focus();
        event.preventDefault();
      },
    },
    ...tabs,
  );
  const panels = Object.entries(kinds).map(([kind, [label, chart]]) =>
    element("div", { role: "tabpanel", "aria-label": label, "data-key": kind }, chart),
  );
  const follow = () => {
    const { chart } = store.view;
    for (const tab of tabs) {
      tab.setAttribute("aria-selected", String(tab.dataset.key === chart));
      tab.tabIndex = tab.dataset.key === chart ? 0 : -1;
    }
    for (const panel of panels) panel.hidden = panel.dataset.key !== chart;
  };
  store.on("view", follow);
  follow();
  return element(
    "section",
    { class: "cc-charts", "aria-label": store.t("Chart") },
    element("div", { class: "cc-charthead" }, list, makeMetric(store)),
    ...panels,
  );
}

// How many rows show, and what was last done.
function makeStatus(store) {
  const count = element("span", { class: "cc-count" });
  const said = element("span", { class: "cc-said" });
  const follow = () => {
    const rows = store.rows.filter((row) => !row.removed).length;
    const shown = store.visible().filter((row) => !row.removed).length;
    const text = store.t("{0} of {1} rows", exactNumber(shown), exactNumber(rows));
    if (count.textContent !== text) count.textContent = text;
  };
  store.on("visible", follow);
  store.on("said", ({ text, isError }) => {
    said.textContent = (isError ? "✗ " : "") + text;
    said.classList.toggle("cc-bad", isError);
  });
  follow();
  return element("div", { class: "cc-status", role: "status", "aria-live": "polite" }, count, said);
}

function makeNotes(store) {
  const notes = element("div", { class: "cc-notes" });
  const draw = () =>
    notes.replaceChildren(...(store.table.notes || []).map((note) => element("p", {}, isolated(note))));
  store.on("table", draw);
  draw();
  return notes;
}

// Plain keys stay in the panel: a notebook would take "d d" on a row for deleting the cell. Keys with Ctrl or the
// like still reach it. JupyterLab asks for the attribute, and Notebook does before the event arrives here.
function keepKeys(store, root) {
  const isOurs = (event) => root.contains(event.target) && !(event.ctrlKey || event.metaKey || event.altKey);
  const mark = (event) => root.toggleAttribute("data-lm-suppress-shortcuts", isOurs(event));
  window.addEventListener("keydown", mark, { capture: true, signal: store.signal });
  root.addEventListener("keydown", (event) => isOurs(event) && event.stopPropagation());
}

// The table, and beside it charts and details; a comparison has more columns, and takes more room.
function makeBody(store) {
  const body = element(
    "div",
    { class: "cc-body" },
    element("div", { class: "cc-main" }, makeTable(store), makeStatus(store)),
    element("div", { class: "cc-side" }, makeCharts(store), makeDetails(store)),
  );
  const fit = () => body.classList.toggle("cc-comparing", Boolean(store.baseline));
  store.on("baseline", fit);
  fit();
  return body;
}

async function render({ model, el }) {
  const store = await makeStore(model);
  const root = element("div", {
    class: "cnncost tex2jax_ignore mathjax_ignore",
    role: "region",
    "aria-label": store.t("What {0} costs", store.table.model),
  });
  root.append(
    element("style", {}, SHEET),
    makeHead(store),
    makeWhatIf(store),
    makeToolbar(store),
    makeBody(store),
    makeNotes(store),
  );
  keepKeys(store, root);
  store.on("status", () => root.setAttribute("aria-busy", String(Boolean(model.get("status")?.busy))));
  el.append(root);
  return () => {
    store.end();
    root.remove();
  };
}

export default { render };
