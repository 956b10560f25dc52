// Above the table: what is shown, by which number, against what, and where it can go.

// The files that Python makes of what is shown: name, and whether its text can be copied.
const FORMATS = {
  csv: "CSV",
  json: "JSON",
  latex: "LaTeX",
  markdown: "Markdown",
  html: "HTML",
  png: "PNG",
  svg: "SVG",
};
const PICTURES = ["png"];

function makeToolbar(store) {
  return element(
    "div",
    { class: "cc-toolbar", role: "group", "aria-label": store.t("Table") },
    element("div", { class: "cc-group cc-grow" }, makeFilter(store), makeTypes(store), makeColumns(store)),
    element("div", { class: "cc-group" }, makeFlat(store), ...makeOpening(store)),
    element("div", { class: "cc-group cc-end" }, makePin(store), makeExport(store)),
  );
}

function makeFilter(store) {
  const field = element("input", {
    type: "search",
    class: "cc-filter",
    value: store.view.text,
    spellcheck: false,
    autocomplete: "off",
    placeholder: store.t("Filter layers"),
    "aria-label": store.t("Filter by name, else by type or settings"),
    title: store.t("Filter by name, else by type or settings"),
    oninput: () => filterBy(store, { text: field.value }),
    onkeydown: (event) => {
      if (event.key !== "Escape" || !field.value) return;
      field.value = "";
      filterBy(store, { text: "" });
      event.preventDefault();
    },
  });
  store.on("view", () => {
    if (field.value !== store.view.text) field.value = store.view.text;
  });
  return field;
}

// A new filter opens what it finds; without one the tree stands open as it did before.
function filterBy(store, part) {
  const before = store.view;
  const isFilter = ({ text, types }) => Boolean(text.trim() || types.length);
  const now = { ...before, ...part };
  if (!isFilter(before) && isFilter(now)) store.openedBefore = before.expanded;
  store.update({ ...part, expanded: isFilter(now) ? null : (store.openedBefore ?? null) });
}

// A button with what it opens: closed by Escape, by a click elsewhere, and when the focus leaves.
function makeMenu(store, { label, className, fill, title }) {
  const text = element("span", {}, label);
  const button = element(
    "button",
    { type: "button", class: "cc-button cc-opens " + className, "aria-expanded": "false", title },
    text,
  );
  const menu = element("div", { class: "cc-menu", role: "group", "aria-label": label, hidden: true, tabIndex: -1 });
  const whole = element("div", { class: "cc-holder" }, button, menu);
  const show = (open) => {
    if (open === !menu.hidden) return;
    if (open) fill(menu);
    menu.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    if (open) placeMenu(menu, button);
  };
  const leave = () => {
    show(false);
    button.focus();
  };
  button.addEventListener("click", () => show(menu.hidden));
  whole.addEventListener("keydown", (event) => pressMenu(event, { menu, show, leave }));
  whole.addEventListener("focusout", ({ relatedTarget }) => {
    if (relatedTarget && !whole.contains(relatedTarget)) show(false);
  });
  document.addEventListener("pointerdown", ({ target }) => whole.contains(target) || show(false), {
    signal: store.signal,
  });
  return { whole, text, button, menu, leave };
}

// Under its button, moved to the left as far as it would leave the panel.
function placeMenu(menu, button) {
  const root = button.closest(".cnncost").getBoundingClientRect();
  const { left } = button.getBoundingClientRect();
  menu.style.left = Math.max(root.left - left, Math.min(0, root.right - left - menu.offsetWidth - 12)) + "px";
}

function pressMenu(event, { menu, show, leave }) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (event.key === "Escape" && !menu.hidden) leave();
  else if (step && event.target.type !== "text") {
    show(true);
    const items = [...menu.querySelectorAll("button, input")];
    items[(items.indexOf(document.activeElement) + step + items.length) % items.length]?.focus();
  } else return;
  event.preventDefault();
  event.stopPropagation();
}

function makeCheck(label, { checked, change, note = "" }) {
  const box = element("input", { type: "checkbox", checked, onchange: () => change(box.checked) });
  return element("label", { class: "cc-check" }, box, isolated(label), element("small", {}, note));
}

// The types of the layers with how many there are of each.
function makeTypes(store) {
  const change = (type, isChosen) => {
    const others = store.view.types.filter((other) => other !== type);
    filterBy(store, { types: isChosen ? [...others, type] : others });
  };
  const fill = (into) => {
    const counts = new Map();
    for (const row of store.rows) if (row.leaf && row.type) counts.set(row.type, (counts.get(row.type) || 0) + 1);
    const types = [...counts].sort((one, other) => other[1] - one[1]);
    const all = element(
      "button",
      {
        type: "button",
        class: "cc-link",
        onclick: () => {
          filterBy(store, { types: [] });
          fill(into);
          into.querySelector("button").focus();
        },
      },
      store.t("All types"),
    );
    into.replaceChildren(
      all,
      ...types.map(([type, count]) =>
        makeCheck(type, {
          checked: store.view.types.includes(type),
          change: (isChosen) => change(type, isChosen),
          note: exactNumber(count),
        }),
      ),
    );
  };
  const { whole, text, button } = makeMenu(store, {
    label: store.t("Types"),
    className: "cc-types",
    fill,
    title: store.t("Show layers of some types only"),
  });
  const follow = () => {
    const { length } = store.view.types;
    text.textContent = length ? store.t("Types: {0}", length) : store.t("Types");
    button.classList.toggle("cc-on", length > 0);
  };
  store.on("view", follow);
  follow();
  return whole;
}

// Which columns the table has.
function makeColumns(store) {
  const change = (key, isChosen) => {
    const shown = new Set(store.columns().map((column) => column.key));
    if (isChosen) shown.add(key);
    else shown.delete(key);
    store.update({ columns: store.table.columns.map((column) => column.key).filter((other) => shown.has(other)) });
  };
  const fill = (into) => {
    const shown = store.columns();
    const usual = element(
      "button",
      {
        type: "button",
        class: "cc-link",
        onclick: () => {
          store.update({ columns: null });
          fill(into);
          into.querySelector("button").focus();
        },
      },
      store.t("Usual columns"),
    );
    into.replaceChildren(
      usual,
      ...store.table.columns.map((column) => {
        const made = makeCheck(columnName(store, column), {
          checked: shown.includes(column),
          change: (isChosen) => change(column.key, isChosen),
        });
        made.title = column.title || "";
        made.firstChild.dataset.key = column.key;
        return made;
      }),
    );
  };
  return makeMenu(store, {
    label: store.t("Columns"),
    className: "cc-columns",
    fill,
    title: store.t("Choose the table's columns"),
  }).whole;
}

// What a column is called away from the table, where "share" alone would not say of what.
function columnName(store, { kind, header, of }) {
  return kind === "share" ? `${header} (${store.column(of)?.header ?? of})` : header;
}

function makeFlat(store) {
  const button = element(
    "button",
    {
      type: "button",
      class: "cc-button cc-flat",
      title: store.t("Layers without what they are in"),
      onclick: () => store.update({ flat: !store.view.flat }),
    },
    store.t("Flat list"),
  );
  const follow = () => button.setAttribute("aria-pressed", String(store.view.flat));
  store.on("view", follow);
  follow();
  return button;
}

function makeOpening(store) {
  const make = (className, sign, label, opened) =>
    element(
      "button",
      {
        type: "button",
        class: "cc-button cc-icon " + className,
        title: label,
        "aria-label": label,
        onclick: () => store.update({ expanded: opened() }),
      },
      sign,
    );
  const buttons = [
    make("cc-expand", "⊞", store.t("Open all"), () =>
      store.rows.filter((row) => row.children.length).map((row) => row.id),
    ),
    make("cc-collapse", "⊟", store.t("Close all"), () => []),
  ];
  const follow = () => buttons.forEach((button) => (button.disabled = store.view.flat));
  store.on("view", follow);
  follow();
  return buttons;
}

// The number that the chart shows.
function makeMetric(store) {
  const list = element("select", {
    class: "cc-metric",
    "aria-label": store.t("Number in the chart"),
    title: store.t("Number in the chart"),
    onchange: () => store.update({ metric: list.value }),
  });
  const follow = () => {
    list.replaceChildren(...store.keys().map((key) => element("option", { value: key }, store.column(key).header)));
    list.value = store.metric;
  };
  store.on("table", follow);
  store.on("view", () => (list.value = store.metric));
  follow();
  return list;
}

function makePin(store) {
  const button = element("button", {
    type: "button",
    class: "cc-button cc-pin",
    onclick: () => store.command(store.baseline ? "unpin" : "pin", "baseline"),
  });
  const follow = () => {
    const pinned = Boolean(store.baseline);
    button.textContent = pinned ? store.t("Unpin baseline") : store.t("Pin as baseline");
    button.title = pinned
      ? store.t("Compare with {0} no longer", store.baseline.label)
      : store.t("Keep these numbers and show how later ones differ");
    button.classList.toggle("cc-on", pinned);
  };
  store.on("baseline", follow);
  follow();
  return button;
}

// Files to keep or copy, and the way back into the notebook.
function makeExport(store) {
  let menu = null;
  const run = async (work) => {
    menu.leave();
    store.say(store.t("Waiting for Python…"));
    try {
      store.say(await work());
    } catch (error) {
      store.say(error.message, true);
    }
  };
  const ask = (format) => store.send({ kind: "export", format });
  const save = async (format) => {
    const file = await ask(format);
    downloadFile(file);
    return store.t("Saved {0}.", file.name);
  };
  const copy = async (format) => {
    const file = await ask(format);
    if (!(await copyText(file.text)))
      throw new Error(store.t("The browser does not let the panel copy; download the file instead."));
    return store.t("Copied {0}.", file.name);
  };
  const line = (format) =>
    element(
      "div",
      { class: "cc-format" },
      element("span", {}, FORMATS[format]),
      actionButton(store.t("Download"), store.t("Download {0}", FORMATS[format]), { format, action: "download" }, () =>
        run(() => save(format)),
      ),
      PICTURES.includes(format)
        ? null
        : actionButton(store.t("Copy"), store.t("Copy {0}", FORMATS[format]), { format, action: "copy" }, () =>
            run(() => copy(format)),
          ),
    );
  const fill = (into) => into.replaceChildren(...Object.keys(FORMATS).map(line), makePut(store, run));
  menu = makeMenu(store, {
    label: store.t("Export"),
    className: "cc-export",
    fill,
    title: store.t("Download, copy, or put into a variable"),
  });
  return menu.whole;
}

function actionButton(text, label, data, onclick) {
  const button = element("button", { type: "button", class: "cc-link", "aria-label": label, onclick }, text);
  Object.assign(button.dataset, data);
  return button;
}

// The report under a name of the user's own.
function makePut(store, run) {
  const put = () =>
    run(async () => (await store.send({ kind: "put", name: field.value.trim() })).text || store.t("Done."));
  const field = element("input", {
    type: "text",
    class: "cc-put-name",
    value: "report",
    spellcheck: false,
    "aria-label": store.t("Name of the variable"),
    onkeydown: (event) => event.key === "Enter" && put(),
  });
  return element(
    "div",
    { class: "cc-put" },
    element("span", {}, store.t("Variable")),
    field,
    actionButton(store.t("Put"), store.t("Put the report into the variable"), { action: "put" }, put),
  );
}
