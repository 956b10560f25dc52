// A table of blanks: a student's numbers go to Python as they are written, and what is said of them comes back.
// Comments stand on lines of their own, since these lines are left out where the module is loaded.

let made = 0;

function makeStore(model) {
  const ending = new AbortController();
  const store = { model, id: `nbcnncost-prediction-${++made}`, signal: ending.signal, inputs: new Map() };
  store.word = (name) => model.get("words")[name];
  store.on = (names, callback) => {
    const events = names.split(" ").map((name) => `change:${name}`).join(" ");
    model.on(events, callback);
    ending.signal.addEventListener("abort", () => model.off(events, callback));
    callback();
  };
  // What is written goes to Python a little later, or at once where something is asked of it.
  let waiting;
  store.save = () => {
    clearTimeout(waiting);
    const written = [...store.inputs].map(([key, { input }]) => [key, input.value.trim()]);
    model.set("answers", Object.fromEntries(written.filter(([, text]) => text)));
    model.save_changes();
  };
  store.saveSoon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(store.save, 400);
  };
  store.ask = (kind) => {
    store.save();
    model.send({ kind });
  };
  store.end = () => {
    clearTimeout(waiting);
    ending.abort();
  };
  return store;
}

function makeHead({ model }) {
  const { title, lines } = model.get("table");
  return element(
    "div",
    { class: "cp-head" },
    element("strong", {}, isolated(title)),
    ...lines.map((line) => element("p", {}, isolated(line))),
  );
}

// One blank, with its mark and, once that may be seen, the right number.
function makeBlank(store, row, column, place) {
  const key = row.keys[column];
  if (!key) return element("td", { class: "cp-none" }, "–");
  const mark = element("span", { class: "cp-mark", "aria-hidden": "true" });
  const truth = element("span", { class: "cp-truth" });
  const input = element("input", {
    type: "text",
    inputMode: "text",
    autocomplete: "off",
    spellcheck: false,
    maxLength: 100,
    title: row.prompts[column],
    "aria-label": row.prompts[column],
    "data-key": key,
    oninput: () => store.saveSoon(),
    onkeydown: (event) => walk(store, event, place),
  });
  store.inputs.set(key, { input, mark, truth, place });
  return element("td", {}, element("span", { class: "cp-cell" }, input, mark), truth);
}

// Up and down go to the next blank of the column, Enter checks; left and right go on from the ends of what is written.
function walk(store, event, [row, column]) {
  const { target, key } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (key === "Enter") {
    event.preventDefault();
    store.ask("check");
    return;
  }
  const atStart = target.selectionStart === 0 && target.selectionEnd === 0;
  const atEnd = target.selectionStart === target.value.length;
  const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: atStart && [0, -1], ArrowRight: atEnd && [0, 1] };
  const step = steps[key];
  if (!step || event.shiftKey) return;
  const next = beside(store, row, column, step);
  if (!next) return;
  event.preventDefault();
  next.focus();
  next.select();
}

function beside(store, row, column, [down, right]) {
  const { rows, columns } = store.model.get("table");
  for (let [y, x] = [row + down, column + right]; rows[y] && columns[x]; y += down, x += right) {
    const found = store.inputs.get(rows[y].keys[columns[x]]);
    if (found) return found.input;
  }
  return null;
}

function makeTable(store) {
  const { caption, columns, heads, rows } = store.model.get("table");
  const head = (key, name = "") => element("th", { scope: "col", class: name }, heads[key]);
  const body = rows.flatMap((row, at) => [
    element(
      "tr",
      {},
      element(
        "th",
        { scope: "row" },
        isolated(row.label),
        element("small", {}, isolated([row.type, row.settings].filter(Boolean).join(" · "))),
      ),
      ...columns.map((column, place) => makeBlank(store, row, column, [at, place])),
    ),
    makeFeedback(store, row, at),
  ]);
  return element(
    "div",
    { class: "cp-scroll", tabIndex: 0, role: "group", "aria-label": store.word("table") },
    element(
      "table",
      {},
      element("caption", {}, caption),
      element("thead", {}, element("tr", {}, head("layer", "cp-left"), ...columns.map((key) => head(key)))),
      element("tbody", {}, ...body),
    ),
  );
}

// What is said of a row's wrong numbers, below it.
function makeFeedback(store, row, at) {
  const { model } = store;
  const list = element("ul", {});
  const line = element("tr", { class: "cp-said", hidden: true }, element("td", { colSpan: 99 }, list));
  store.on("marks", () => {
    const marks = model.get("marks");
    const wrong = Object.values(row.keys).filter((key) => marks[key] && !marks[key].right);
    const said = wrong.map((key) => {
      const id = `${store.id}-${at}-${key.slice(key.lastIndexOf(".") + 1)}`;
      const lines = marks[key].text.split("\n");
      return element("li", { id }, ...lines.map((text) => element("div", {}, isolated(text))));
    });
    list.replaceChildren(...said);
    line.hidden = wrong.length === 0;
    for (const key of Object.values(row.keys)) {
      const { input, mark } = store.inputs.get(key);
      const told = marks[key];
      mark.textContent = told ? (told.right ? "✓" : "✗") : "";
      mark.className = told ? (told.right ? "cp-mark cp-right" : "cp-mark cp-wrong") : "cp-mark";
      if (told) input.setAttribute("aria-invalid", String(!told.right));
      else input.removeAttribute("aria-invalid");
      const by = said.find((entry) => entry.id === `${store.id}-${at}-${key.slice(key.lastIndexOf(".") + 1)}`);
      if (by) input.setAttribute("aria-describedby", by.id);
      else input.removeAttribute("aria-describedby");
    }
  });
  return line;
}

function makeButtons(store) {
  const { model } = store;
  const check = element("button", { type: "button", class: "cp-check", onclick: () => store.ask("check") });
  const show = element("button", { type: "button", class: "cp-show", onclick: () => store.ask("show") });
  const status = element("span", { class: "cp-status", role: "status", "aria-live": "polite" });
  check.textContent = store.word("check");
  show.textContent = store.word("show");
  store.on("said headline", () => {
    const words = [model.get("said"), model.get("headline")].filter(Boolean).join(" · ");
    if (status.textContent !== words) status.textContent = words;
    show.hidden = Boolean(model.get("headline"));
  });
  return element("div", { class: "cp-buttons" }, check, show, status);
}

// The report as Python writes it, with all names in it escaped.
function makeReport({ model, on, word }) {
  const place = element("div", { class: "cp-report", hidden: true });
  on("report", () => {
    place.innerHTML = model.get("report");
    place.hidden = !model.get("report");
    // Its tables may be wider than the page, and are then moved by keys.
    for (const wide of place.querySelectorAll(".nbcnncost > div")) {
      wide.tabIndex = 0;
      wide.setAttribute("role", "group");
      wide.setAttribute("aria-label", word("report"));
    }
  });
  return place;
}

function followAnswers(store) {
  store.on("answers", () => {
    const answers = store.model.get("answers");
    for (const [key, { input }] of store.inputs) {
      const text = answers[key] ?? "";
      const isBeingWritten = input === input.getRootNode().activeElement;
      if (!isBeingWritten && input.value.trim() !== text) input.value = text;
    }
  });
  store.on("truths marks", () => {
    const [truths, marks] = [store.model.get("truths"), store.model.get("marks")];
    for (const [key, { truth }] of store.inputs) {
      const isShown = truths[key] !== undefined && !marks[key]?.right;
      truth.textContent = isShown ? store.word("truth").replace("{value}", truths[key]) : "";
    }
  });
}

// Plain keys stay here: a notebook would take them for its own. JupyterLab asks for the attribute.
function keepKeys(store, root) {
  const isOurs = (event) => root.contains(event.target) && !(event.ctrlKey || event.metaKey || event.altKey);
  const mark = (event) => root.toggleAttribute("data-lm-suppress-shortcuts", isOurs(event));
  window.addEventListener("keydown", mark, { capture: true, signal: store.signal });
  root.addEventListener("keydown", (event) => isOurs(event) && !event.shiftKey && event.stopPropagation());
}

function render({ model, el }) {
  const store = makeStore(model);
  const root = element("div", {
    class: "cnncost cnnpredict tex2jax_ignore mathjax_ignore",
    role: "region",
    "aria-label": `${store.word("table")}: ${model.get("table").title}`,
  });
  const table = makeTable(store);
  root.append(element("style", {}, SHEET), makeHead(store), table, makeButtons(store), makeReport(store));
  followAnswers(store);
  keepKeys(store, root);
  el.append(root);
  return () => {
    store.end();
    root.remove();
  };
}

export default { render };
