// The table: the tree of layers, or their list, with sums that always add up to what the filter keeps.

// So many rows are drawn at once; further ones take their place.
const DRAWN = 250;
const STEP = 125;

// The table with its keys; it is drawn anew whenever what is visible changes.
function makeTable(store) {
  const parts = {
    columns: element("colgroup"),
    head: element("tr"),
    body: element("tbody"),
    total: element("tr", { class: "cc-total" }),
  };
  const table = element(
    "table",
    { class: "cc-table", role: "treegrid" },
    parts.columns,
    element("thead", {}, parts.head),
    parts.body,
    element("tfoot", {}, parts.total),
  );
  const frame = fadeCut(element("div", { class: "cc-scroll" }, table));
  const state = { start: 0, current: "", error: "", height: 0, frame, table, ...parts };
  const draw = () => drawTable(store, state);
  table.addEventListener("click", (event) => clickRow(store, state, event));
  table.addEventListener("dblclick", (event) => {
    const row = rowAt(store, event.target);
    if (row && !event.target.closest("button, .cc-twist")) toggleRow(store, row);
  });
  table.addEventListener("keydown", (event) => pressRow(store, state, event));
  table.addEventListener("focusin", (event) => {
    const row = rowAt(store, event.target);
    if (row) setCurrent(state, row.id);
  });
  store.on("visible", draw);
  store.on("status", () => {
    const { error } = store.model.get("status") || {};
    if (JSON.stringify(error ?? null) !== state.error) draw();
  });
  store.on("selected", () => showSelected(store, state));
  if (!store.view.expanded) openTo(store, store.row(store.selected));
  draw();
  whenFirstSized(frame, () => showSelected(store, state, false));
  return frame;
}

// Head, rows and total as they should now be; the focus stays where it was, and so does what is below while a filter
// is typed.
function drawTable(store, state) {
  const { table, body, head, total, frame } = state;
  state.height = store.filtered ? state.height || frame.offsetHeight : 0;
  frame.style.minHeight = `${state.height}px`;
  const focused = body.contains(document.activeElement);
  const focusedHead = head.contains(document.activeElement) && document.activeElement.closest("th").dataset.key;
  const visible = store.visible();
  const columns = tableColumns(store);
  if (!visible.some((row) => row.id === state.current)) state.current = (visible[0] || {}).id ?? "";
  state.start = Math.max(0, Math.min(state.start, visible.length - DRAWN));
  table.setAttribute("aria-label", store.t("Layers of {0}", store.table.model));
  table.setAttribute("aria-rowcount", visible.length + 2);
  table.setAttribute("aria-colcount", columns.length + 1);
  table.classList.toggle("cc-list", store.view.flat);
  table.classList.toggle("cc-compared", Boolean(store.baseline));
  state.error = JSON.stringify(store.model.get("status")?.error ?? null);
  sizeColumns(store, state, columns);
  head.replaceChildren(
    headCell(store, { key: "name", header: store.t("layer"), kind: "text" }),
    ...columns.map((column) => headCell(store, column)),
  );
  const look = {
    columns,
    opened: store.view.flat ? new Set() : store.opened(),
    largest: largestShown(visible, columns),
    errors: errorsOf(store),
    flat: store.view.flat,
    selected: store.selected,
  };
  body.replaceChildren(...bodyRows(store, state, visible, look));
  total.replaceChildren(...totalCells(store, columns));
  if (focused) focusRow(state, state.current);
  if (focusedHead) [...head.children].find((cell) => cell.dataset.key === focusedHead)?.firstChild.focus();
}

// The columns with the differences behind the numbers when something is pinned.
function tableColumns(store) {
  if (!store.baseline) return store.columns();
  return store.columns().flatMap((column) => {
    if (column.kind !== "number") return [column];
    const { key, header } = column;
    const title = store.t("{0}: difference from the baseline", header);
    return [column, { key: DIFFERENCE + key, of: key, header: "Δ", title, kind: "difference" }];
  });
}

// Widths that the whole table fixes, so that nothing moves when rows open or a filter narrows them.
function sizeColumns(store, { columns, table }, shown) {
  const widths = shown.map((column) =>
    column.key === "type" ? "var(--cc-type)" : `${columnLetters(store, column)}ch + 12px`,
  );
  columns.replaceChildren(
    element("col"),
    ...widths.map((width) => {
      const col = element("col");
      col.style.width = `calc(${width})`;
      return col;
    }),
  );
  table.style.minWidth = `calc(${[...widths, "var(--cc-name)"].join(" + ")})`;
}

// How many letters a column has room for.
function columnLetters(store, { key, of = key, kind, header }) {
  if (kind === "text") return 14;
  if (kind === "share") return Math.max(header.length + 2, 8);
  if (kind === "difference") return 8;
  const whole = exactNumber(store.table.total?.[of] ?? 0).length;
  return Math.max(header.length + 2, whole + (store.lacks(of) ? 5 : 1));
}

// A column's head: a button that sorts by it, which way it is sorted, and what it holds.
function headCell(store, column) {
  const { sort, descending } = store.view;
  const sorted = sort === column.key;
  const way = !sorted ? "" : descending ? "descending" : "ascending";
  const arrow = element("span", { class: "cc-way", "aria-hidden": "true" }, sorted ? (descending ? "↓" : "↑") : "");
  const button = element(
    "button",
    {
      class: "cc-sort",
      type: "button",
      "aria-label": column.kind === "difference" ? column.title : null,
      onclick: () => sortBy(store, column),
    },
    element("span", {}, column.header),
    arrow,
  );
  const [title, kind] = [column.title || "", "cc-" + column.kind];
  return element(
    "th",
    { scope: "col", class: kind, "data-key": column.key, title, "aria-sort": way || "none" },
    button,
  );
}

// Numbers first fall, then rise, then stand in the order of the calls again; words the other way about.
function sortBy(store, column) {
  const { sort, descending } = store.view;
  const first = column.kind !== "text";
  if (sort !== column.key) store.update({ sort: column.key, descending: first });
  else if (descending === first) store.update({ descending: !first });
  else store.update({ sort: null, descending: true });
}

// The largest number that each column shows: what a full bar stands for.
function largestShown(visible, columns) {
  const largest = {};
  for (const { key, kind } of columns) {
    if (kind === "number") largest[key] = visible.reduce((most, row) => Math.max(most, Number(row.value(key) ?? 0)), 0);
  }
  return largest;
}

// What went wrong, by the index of the row where it did; what a what-if broke is said there, and the row only marked.
function errorsOf(store) {
  const { error } = store.model.get("status") || {};
  const { failure } = store.table;
  const errors = new Map();
  if (failure?.row >= 0) errors.set(failure.row, error ? "" : failure.message);
  if (error?.row >= 0) errors.set(error.row, "");
  return errors;
}

// The drawn rows, between lines that say how many stand before and behind.
function bodyRows(store, state, visible, look) {
  const end = Math.min(state.start + DRAWN, visible.length);
  const drawn = [];
  if (state.start) drawn.push(moreRow(store, state, look, -STEP, state.start));
  for (let place = state.start; place < end; place++) {
    const row = visible[place];
    drawn.push(bodyRow(store, state, row, look, place));
    if (look.errors.get(row.index)) drawn.push(errorRow(look, row));
  }
  if (end < visible.length) drawn.push(moreRow(store, state, look, STEP, visible.length - end));
  if (!visible.length) drawn.push(wideRow(look, "cc-nothing", store.t("No layer has all of this.")));
  return drawn;
}

function wideRow(look, className, content) {
  const cell = element("td", { colSpan: look.columns.length + 1 }, element("div", { class: "cc-wide" }, content));
  return element("tr", { class: className }, cell);
}

// The line in place of further rows; pressed, it shows some of them.
function moreRow(store, state, look, step, number) {
  const text =
    step < 0 ? store.t("… {0} earlier rows", exactNumber(number)) : store.t("… {0} more rows", exactNumber(number));
  const button = element(
    "button",
    { type: "button", class: "cc-link", onclick: () => moveWindow(store, state, step) },
    text,
  );
  return wideRow(look, step < 0 ? "cc-earlier" : "cc-later", button);
}

// Draws other rows, with the one that both have where it stood on the page.
function moveWindow(store, state, step) {
  const { body, frame } = state;
  const kept = body.querySelectorAll(".cc-row")[step > 0 ? DRAWN - 1 : 0];
  const { id } = kept.dataset;
  const before = kept.offsetTop;
  state.start += step;
  state.current = id;
  drawTable(store, state);
  const now = drawnRow(state, id);
  frame.scrollTop += now.offsetTop - before;
  focusRow(state, id);
}

function errorRow(look, row) {
  const made = wideRow(look, "cc-error", element("span", {}, "✗ ", ...coded(look.errors.get(row.index))));
  made.style.setProperty("--cc-depth", look.flat ? 0 : row.depth - 1);
  return made;
}

// A row: the layer's name in its place of the tree, and its cells.
function bodyRow(store, state, row, look, place) {
  const inner = !look.flat && row.children.length > 0;
  const open = inner && look.opened.has(row.id);
  const failed = look.errors.has(row.index);
  const names = [
    "cc-row",
    !row.leaf && "cc-sum",
    failed && "cc-failed",
    row.isNew && "cc-new",
    row.removed && "cc-removed",
  ];
  const made = element("tr", {
    class: names.filter(Boolean).join(" "),
    role: "row",
    tabIndex: row.id === state.current ? 0 : -1,
    "data-id": row.id,
    "aria-level": look.flat ? 1 : row.depth,
    "aria-rowindex": place + 2,
    "aria-selected": String(row.id === look.selected),
    "aria-expanded": inner ? String(open) : null,
  });
  if (!look.flat && row.depth > 1) made.style.setProperty("--cc-depth", row.depth - 1);
  made.append(
    nameCell(store, row, look, inner, failed),
    ...look.columns.map((column) => bodyCell(store, row, column, look)),
  );
  return made;
}

// The name: whole in a list, its last part in the tree; what is cut off stands in the title.
function nameCell(store, row, look, inner, failed) {
  const name = element("span", { class: "cc-name" });
  if (inner) name.append(element("span", { class: "cc-twist", "aria-hidden": "true" }));
  const above = row.parent && !row.removed ? row.parent.id + "." : "";
  if (look.flat && above && row.id.startsWith(above)) name.append(isolated(above, "cc-above"));
  name.append(isolated(row.name, "cc-last"));
  const marks = [
    row.marks,
    failed && "✗ " + store.t("fails here"),
    row.isNew && store.t("new"),
    look.flat && row.removed && store.t("removed"),
  ];
  for (const mark of marks.filter(Boolean)) name.append(element("small", { class: "cc-mark" }, mark));
  const title = row.removed ? row.name : [row.id, row.type, row.settings].filter(Boolean).join(" · ");
  return element("th", { scope: "row", "data-key": "name", title }, name);
}

function bodyCell(store, row, column, look) {
  const { key, kind } = column;
  if (kind === "text") return textCell(row, column);
  if (kind === "difference") return differenceCell(store, row, column);
  const of = column.of || key;
  const known = row.value(of);
  if (row.removed) return element("td", { class: "cc-" + kind, "data-key": key }, "–");
  if (row.shared && of === "params") {
    const title = store.t("counted where this layer is first called");
    return element(
      "td",
      { class: "cc-number cc-zero", "data-key": key, title },
      kind === "share" ? "" : store.t("shared"),
    );
  }
  if (kind === "share") return shareCell(store, row, column);
  const cell = element(
    "td",
    { class: "cc-number", "data-key": key, title: numberTitle(store, row, column) },
    partlyText(known ?? 0, row.unknown(key)),
  );
  if (!Number(known) && known !== null) cell.className += " cc-zero";
  else if (Number(known) * 200 > look.largest[key])
    cell.style.setProperty("--cc-part", `${((100 * Number(known)) / look.largest[key]).toFixed(1)}%`);
  return cell;
}

// A number in full, in short, and what it lacks.
function numberTitle(store, row, column) {
  const known = row.value(column.key) ?? 0;
  const unknown = row.unknown(column.key);
  const short = Number(known) < 10000 ? "" : ` (${shortNumber(known)})`;
  const lacking = unknown ? "; " + store.t("without {0} operations that no rule knows", unknown) : "";
  return `${partlyText(known, unknown)}${short} ${column.header}${lacking}`;
}

function textCell(row, { key }) {
  const text = row[key] ?? "";
  const whole = key === "type" ? [text, row.settings].filter(Boolean).join(" ") : text;
  const cell = element("td", { class: "cc-text", "data-key": key, title: whole }, isolated(text));
  if (key === "type" && row.settings) cell.append(" ", isolated(row.settings, "cc-settings"));
  return cell;
}

// A share of the whole model, whatever the filter keeps.
function shareCell(store, row, { key, of }) {
  const known = row.value(of);
  const text = row.unknown(of) && !Number(known) ? "?" : percentText(known, readNumber(store.table.total?.[of]));
  return element("td", { class: "cc-share" + (Number(known) ? "" : " cc-zero"), "data-key": key }, text);
}

// A difference in short, and in full in its title.
function differenceCell(store, row, { key, of }) {
  const [before, known, unknown] = [row.baseline(of) ?? 0, row.value(of) ?? 0, row.unknown(of)];
  if (unknown) return element("td", { class: "cc-difference", "data-key": key }, "?");
  const change = minus(known, before);
  const percent = Number(before) ? `, ${change > 0 ? "+" : ""}${percentText(change, before)}` : "";
  const now = store.t("{0}, before {1}", exactNumber(known), exactNumber(before));
  const title = `${differenceText(change)} · ${now}${percent}`;
  return element(
    "td",
    { class: `cc-difference ${differenceClass(change)}`, "data-key": key, title },
    differenceText(change, shortNumber),
  );
}

// The last row: the sum of the leaves shown.
function totalCells(store, columns) {
  const total = store.shownTotal;
  const blank = { columns, largest: {} };
  return [
    element(
      "th",
      { scope: "row", "data-key": "name" },
      store.filtered ? store.t("total of what is shown") : store.t("total"),
    ),
    ...columns.map((column) =>
      column.kind === "text" ? element("td", { "data-key": column.key }) : bodyCell(store, total, column, blank),
    ),
  ];
}

function rowAt(store, target) {
  const id = target.closest("tbody .cc-row")?.dataset.id;
  return id === undefined ? null : store.row(id);
}

function drawnRow(state, id) {
  return [...state.body.children].find((made) => made.dataset.id === id);
}

// Which row the keys start from.
function setCurrent(state, id) {
  const former = drawnRow(state, state.current);
  if (former) former.tabIndex = -1;
  state.current = id;
  const now = drawnRow(state, id);
  if (now) now.tabIndex = 0;
}

// Puts the focus on a row, and the row clear of head and foot.
function focusRow(state, id) {
  setCurrent(state, id);
  const made = drawnRow(state, id);
  if (!made) return;
  made.focus({ preventScroll: true });
  revealRow(state, made);
}

// Scrolls the table, never the page, until a row stands between its head and its foot.
function revealRow({ frame, head, total }, made) {
  const top = made.offsetTop - head.offsetHeight;
  const bottom = made.offsetTop + made.offsetHeight + total.offsetHeight;
  if (frame.scrollTop > top) frame.scrollTop = top;
  else if (frame.scrollTop < bottom - frame.clientHeight) frame.scrollTop = bottom - frame.clientHeight;
}

// Opens or closes a container.
function toggleRow(store, row, open) {
  if (!row.children.length || store.view.flat) return;
  const opened = store.opened();
  if (open ?? !opened.has(row.id)) opened.add(row.id);
  else opened.delete(row.id);
  store.update({ expanded: [...opened] });
}

function clickRow(store, state, event) {
  const row = rowAt(store, event.target);
  if (!row) return;
  focusRow(state, row.id);
  if (event.target.closest(".cc-twist")) toggleRow(store, row);
  else if (!row.removed) store.select(row.id);
}

// Opens what a row is in.
function openTo(store, row) {
  if (!row?.parent) return;
  const opened = store.opened();
  for (let above = row.parent; above; above = above.parent) opened.add(above.id);
  store.update({ expanded: [...opened] });
}

// Does something once an element has a place on the page.
function whenFirstSized(frame, work) {
  const watch = new ResizeObserver(() => {
    if (!frame.clientWidth) return;
    watch.disconnect();
    work();
  });
  watch.observe(frame);
}

// The selected row marked and in sight; one that is folded away has what it is in opened, if wanted.
function showSelected(store, state, opens = true) {
  const id = store.selected;
  for (const made of state.body.querySelectorAll(".cc-row"))
    made.setAttribute("aria-selected", String(made.dataset.id === id));
  const row = store.row(id);
  if (!row || !store.keeps(row)) return;
  if (opens && !store.view.flat && !store.visible().includes(row)) openTo(store, row);
  bringInto(store, state, store.visible().indexOf(row));
  const made = drawnRow(state, id);
  if (!made) return;
  setCurrent(state, id);
  revealRow(state, made);
}

// Sees to it that the row at a place is among those drawn.
function bringInto(store, state, place) {
  if (place < 0 || (place >= state.start && place < state.start + DRAWN)) return;
  state.start = place - DRAWN / 2;
  drawTable(store, state);
}

// The keys of a tree: what is handled here does not reach the notebook.
function pressRow(store, state, event) {
  const row = rowAt(store, event.target);
  if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
  const visible = store.visible();
  const place = visible.indexOf(row);
  const page = Math.max(1, Math.floor(state.frame.clientHeight / 27) - 3);
  const opened = !store.view.flat && store.opened().has(row.id);
  const moves = {
    ArrowDown: place + 1,
    ArrowUp: place - 1,
    Home: 0,
    End: visible.length - 1,
    PageDown: place + page,
    PageUp: place - page,
  };
  if (event.key in moves) {
    const aim = Math.max(0, Math.min(visible.length - 1, moves[event.key]));
    bringInto(store, state, aim);
    focusRow(state, visible[aim].id);
  } else if (event.key === "ArrowRight") {
    if (row.children.length && !opened) toggleRow(store, row, true);
    else if (opened) focusRow(state, visible[place + 1].id);
  } else if (event.key === "ArrowLeft") {
    if (opened) toggleRow(store, row, false);
    else if (row.parent && !store.view.flat) {
      bringInto(store, state, visible.indexOf(row.parent));
      focusRow(state, row.parent.id);
    }
  } else if (event.key === "Enter" || event.key === " ") {
    if (!row.removed) store.select(row.id === store.selected && event.key === " " ? "" : row.id);
  } else return;
  event.preventDefault();
  event.stopPropagation();
}
