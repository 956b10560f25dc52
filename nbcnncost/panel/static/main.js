// The panel: the store that all its parts read and write, and where they stand.
//
// Hooks for tests and for people's own styles; rows have `data-id`, cells and column heads `data-key`:
// cc-head, cc-model, cc-totals (a total each with data-key), cc-toolbar, cc-filter, cc-types, cc-columns, cc-flat,
// cc-expand, cc-collapse, cc-metric, cc-pin, cc-export (menus: a button, and a cc-menu behind it), cc-table, cc-row
// (cc-sum, cc-failed, cc-new, cc-removed), cc-twist, cc-sort, cc-difference, cc-error, cc-earlier, cc-later, cc-total,
// cc-side, cc-tab, cc-status (cc-count, cc-said), cc-busy, cc-alert, cc-notes.

const USUAL_VIEW = { columns: null, sort: null, descending: true, flat: false, text: "", types: [], expanded: null, chart: "bars" };

// What a view of the panel knows. Parts listen to "table", "visible", "selected", "details", "controls", "baseline",
// "status", "view" and "said", and read: `rows`, `visible()`, `metric`, `selected`, `view`, `columns()`.
function makeStore(model) {
  const listeners = new Map();
  const ending = new AbortController();
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
      return model.get("table") || {};
    },
    get selected() {
      return model.get("selected") || "";
    },
    get view() {
      return { ...USUAL_VIEW, ...model.get("view") };
    },
    end: () => ending.abort(),
  };
  store.listen = (event, callback) => {
    model.on(event, callback);
    ending.signal.addEventListener("abort", () => model.off(event, callback));
  };
  addWriting(store);
  addRows(store);
  addRequests(store);
  for (const name of ["details", "controls", "status"]) store.listen("change:" + name, () => store.emit(name));
  store.listen("change:selected", () => store.emit("selected", store.selected));
  return store;
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
    store.model.set(name, value);
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
  let unpacked, sums, missing, beforeSums, visible, kept;
  const ofRow = { value: { value(key) { return rowValue(this.index, key); } },
    unknown: { value(key) { return missing[key]?.[this.index] || 0; } },
    baseline: { value(key) { return beforeSums && !this.isNew ? beforeSums[key]?.[this.index] ?? null : null; } } };
  const rowValue = (index, key) => {
    const known = sums[key]?.[index] ?? null;
    return missing[key]?.[index] && !Number(known) ? null : known;
  };
  const count = () => {
    const { text, types } = store.view;
    kept = filterRows(unpacked.rows, text, types);
    sums = {};
    missing = {};
    beforeSums = unpacked.before && {};
    for (const key of unpacked.keys) {
      sums[key] = addUp(unpacked.rows, kept, (index) => unpacked.numbers[key][index]);
      missing[key] = addUp(unpacked.rows, kept, (index) => unpacked.unknown[key].get(index));
      if (beforeSums) beforeSums[key] = addUp(unpacked.rows, kept, (index) => unpacked.before[key][index]);
    }
  };
  const sortValue = (key) => {
    const column = store.column(key);
    if (!column) return key === "name" ? (row) => row.id : null;
    if (column.kind !== "text") return (row) => sums[column.of || key][row.index];
    return key === "type" ? (row) => row.type + " " + row.settings : (row) => row[key];
  };
  const arrange = () => {
    const { sort, descending, flat } = store.view;
    visible = visibleRows(unpacked.rows, { kept, opened: store.opened(), flat, value: sortValue(sort), descending });
  };
  const load = () => {
    unpacked = unpackTable(store.table, store.model.get("baseline"), store.t("removed"));
    unpacked.rows.forEach((row) => Object.defineProperties(row, ofRow));
    count();
    arrange();
  };
  Object.defineProperties(store, {
    rows: { get: () => unpacked.rows },
    metric: { get: () => [store.view.metric, store.table.metric].find((key) => unpacked.keys.includes(key)) || unpacked.keys[0] },
    filtered: { get: () => Boolean(store.view.text.trim() || store.view.types.length) },
  });
  store.visible = () => visible;
  store.row = (id) => unpacked.byId.get(id);
  store.keys = () => unpacked.keys;
  store.keeps = (row) => Boolean(kept[row.index]);
  store.column = (key) => (store.table.columns || []).find((column) => column.key === key);
  store.columns = () => {
    const chosen = store.view.columns || store.table.shown || [];
    return (store.table.columns || []).filter((column) => chosen.includes(column.key));
  };
  store.opened = () => {
    const { expanded } = store.view;
    return expanded ? new Set(expanded) : firstOpening(unpacked.rows, kept, store.filtered ? 200 : 60);
  };
  // The sum of all leaves shown, as a row gives it.
  store.shownTotal = { index: -1 };
  Object.defineProperties(store.shownTotal, { ...ofRow, index: { get: () => unpacked.rows.length } });
  store.load = load;
  load();
  followRows(store, load, count, arrange);
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

function render({ model, el }) {
  const store = makeStore(model);
  const root = element("div", { class: "cnncost" });
  root.append(makeWhatIf(store), makeBars(store), makeTreemap(store), makeDetails(store));
  el.append(root);
  return () => {
    store.end();
    root.remove();
  };
}

export default { render };
