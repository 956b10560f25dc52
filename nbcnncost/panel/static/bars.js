// Bars beside the table: the rows that it shows, in its order, by the chart's number.

const BAR_STEP = 22;
const MOST_BARS = 40;

// A piece of a drawing.
function drawn(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes))
    if (value !== null && value !== undefined) made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

// A function that says how wide a text is in an element's font.
function rulerOf(owner) {
  const context = document.createElement("canvas").getContext("2d");
  const { fontFamily } = getComputedStyle(owner);
  return (text, size = 12, weight = 400) => {
    context.font = `${weight} ${size}px ${fontFamily}`;
    return context.measureText(text).width;
  };
}

// A text as far as it fits, of a path rather its end.
function fitText(text, width, measure, keepEnd = false) {
  const letters = Array.from(text);
  let [fits, whole] = [0, letters.length];
  const cut = (count) =>
    count >= whole
      ? text
      : keepEnd
        ? "…" + letters.slice(whole - count).join("")
        : letters.slice(0, count).join("") + "…";
  let most = Math.min(whole, 120);
  if (whole === most && measure(text) <= width) return text;
  while (fits < most) {
    const middle = Math.ceil((fits + most) / 2);
    if (measure(cut(middle)) <= width) fits = middle;
    else most = middle - 1;
  }
  return fits ? cut(fits) : "";
}

// A row's number in short.
function shortValue(row, key) {
  return partlyText(row.value(key) ?? 0, row.unknown(key), shortNumber);
}

// How a row's number differs from the baseline's, in short; empty where one of the two is not known.
function changeText(row, key) {
  const before = row.baseline(key);
  if (before === null || row.unknown(key)) return "";
  return differenceText(minus(row.value(key) ?? 0, before), shortNumber);
}

// A row in words: its path, all digits, its share of the whole model, and the baseline's number.
function rowTitle(store, row) {
  const key = store.metric;
  const whole = readNumber(store.table.total?.[key]);
  const before = row.baseline(key);
  const known = row.value(key);
  const share = known === null || !Number(whole) ? "" : ` · ${percentText(known, whole)}`;
  const change = before === null || row.unknown(key) ? "" : ` · ${differenceText(minus(known ?? 0, before))}`;
  const name = row.removed ? row.name : row.id;
  const number = `${partlyText(known ?? 0, row.unknown(key))} ${store.column(key)?.header ?? ""}`;
  return `${name}${row.type ? ` (${row.type})` : ""}: ${number}${share}${change}`;
}

// What is drawn: every row that shows, or those with the largest numbers and the sum of the others.
function barsOf(store) {
  const key = store.metric;
  const opened = store.view.flat ? new Set() : store.opened();
  const isOpen = (row) => row.children.length > 0 && opened.has(row.id);
  const bar = (row, open) => ({
    row,
    open,
    name: row.name,
    indent: store.view.flat ? 0 : row.depth - 1,
    value: row.value(key),
    before: row.baseline(key),
    text: shortValue(row, key),
    change: changeText(row, key),
  });
  const visible = store.visible();
  if (visible.length <= MOST_BARS) return visible.map((row) => bar(row, isOpen(row)));
  const ends = visible.filter((row) => !isOpen(row));
  const size = (row) => Math.max(Number(row.value(key) ?? 0), Number(row.baseline(key) ?? 0));
  const largest = new Set(sortRows(ends, size, true).slice(0, ends.length > MOST_BARS ? MOST_BARS - 1 : MOST_BARS));
  const others = ends.filter((row) => !largest.has(row));
  const bars = ends
    .filter((row) => largest.has(row))
    .map((row) => ({ ...bar(row, false), name: row.removed ? row.name : row.id, indent: 0, isPath: true }));
  return others.length ? [...bars, otherBar(store, others, key)] : bars;
}

function otherBar(store, others, key) {
  const sum = (read) => others.reduce((total, row) => plus(total, read(row) ?? 0), 0);
  const value = sum((row) => row.value(key));
  const unknown = sum((row) => row.unknown(key));
  const before = others.every((row) => row.baseline(key) === null) ? null : sum((row) => row.baseline(key));
  return {
    row: null,
    name: store.t("other ({0})", exactNumber(others.length)),
    indent: 0,
    value,
    before,
    text: partlyText(value, unknown, shortNumber),
    change: before === null || unknown ? "" : differenceText(minus(value, before), shortNumber),
  };
}

function makeBars(store) {
  const caption = element("div", { class: "cc-caption" });
  const chart = drawn("svg", { role: "listbox" });
  const frame = element("div", { class: "cc-bars-frame" }, chart);
  const whole = element("div", { class: "cc-bars" }, caption, frame);
  const state = { current: "", measure: null };
  const draw = () => {
    if (!frame.clientWidth) return;
    state.measure ??= rulerOf(whole);
    const title = store.column(store.metric)?.header ?? "";
    const pinned = store.baseline;
    caption.replaceChildren(title, ...(pinned ? [" · ", store.t("outlined: {0}", pinned.label)] : []));
    chart.setAttribute("aria-label", store.t("Bars: {0} of the rows shown", title));
    const focused = chart.contains(document.activeElement);
    drawBars(store, chart, barsOf(store), { width: frame.clientWidth, measure: state.measure });
    rove(chart, state, focused);
    markSelected(store, chart);
  };
  store.on("visible", draw);
  store.on("selected", () => markSelected(store, chart));
  pressable(store, chart, state, { open: (row) => store.select(row.id) });
  whenSized(store, frame, draw);
  return whole;
}

// Draws anew where an element becomes wider or narrower, or is shown.
function whenSized(store, frame, draw) {
  let width = 0;
  const watch = new ResizeObserver(() => width !== (width = frame.clientWidth) && draw());
  watch.observe(frame);
  store.signal.addEventListener("abort", () => watch.disconnect());
}

// A bar for each row, all by one scale; the sum of the others is a number only, since it would make all bars short.
function drawBars(store, chart, bars, { width, measure }) {
  const widest = (texts, ...font) => Math.max(0, ...texts.map((text) => measure(text, ...font)));
  const step = width < 420 ? 8 : 12;
  const names = Math.min(
    width * 0.4,
    Math.max(44, widest(bars.map(({ name, indent }) => name.slice(0, 80) + "m".repeat(indent)), 12, 600) + 14),
  );
  const numbers = widest(bars.map(({ text }) => text)) + 8;
  const differences = widest(bars.map(({ change }) => change), 11) + 8;
  const room = Math.max(20, width - names - numbers - differences - 6);
  const scaled = bars.filter(({ row }) => row);
  const most = Math.max(1e-9, ...scaled.flatMap(({ value, before }) => [Number(value ?? 0), Number(before ?? 0)]));
  const place = (value) => (room * Number(value ?? 0)) / most;
  chart.setAttribute("width", width);
  chart.setAttribute("height", bars.length * BAR_STEP + 2);
  chart.replaceChildren(
    ...bars.map((bar, index) => {
      const before = bar.row ? bar.before : null;
      const [indent, end] = [Math.min(bar.indent, 6) * step, bar.row ? place(bar.value) : 0];
      const label = fitText(bar.name, names - indent - 12, (text) => measure(text, 12, 600), bar.isPath);
      const thin = bar.open ? 5 : before === null ? 0 : 2;
      const line = (at, attributes) =>
        drawn("rect", { x: names, y: 4 + at, width: Math.max(0, end), height: 15 - 2 * at, rx: 2, ...attributes });
      return option(
        store,
        bar.row,
        "cc-bar" + (bar.open ? " cc-open" : "") + (bar.row ? "" : " cc-other"),
        index * BAR_STEP,
        drawn("rect", { class: "cc-hit", width, height: BAR_STEP, rx: 3 }),
        drawn("text", { x: indent + 4, y: 15.5, class: "cc-label" }, label),
        end ? line(thin, { class: "cc-fill" }) : null,
        before === null ? null : line(0, { class: "cc-before", width: Math.max(1, place(before)) }),
        drawn(
          "text",
          { x: names + Math.max(end, before === null ? 0 : place(before)) + 5, y: 15.5, class: "cc-value" },
          bar.text,
          bar.change &&
            drawn("tspan", { dx: 6, class: differenceClass(minus(bar.value ?? 0, bar.before)) }, bar.change),
        ),
      );
    }),
  );
}

// A row's mark in a chart: it can be selected, and says in words what it shows.
function option(store, row, className, top, ...parts) {
  const title = row ? rowTitle(store, row) : null;
  const found = {
    class: className,
    role: "option",
    "aria-label":
      title ??
      parts
        .map((part) => part?.textContent)
        .filter(Boolean)
        .join(": "),
    "aria-selected": "false",
  };
  const id = row && !row.removed ? row.id : null;
  return drawn(
    "g",
    {
      ...found,
      ...(id === null ? { "aria-disabled": "true" } : { "data-id": id }),
      ...(top === null ? {} : { transform: `translate(0 ${top})` }),
    },
    title ? drawn("title", {}, title) : null,
    ...parts,
  );
}

function markSelected(store, chart) {
  for (const mark of chart.querySelectorAll("[data-id]"))
    mark.setAttribute("aria-selected", String(mark.dataset.id === store.selected));
}

// One mark of a chart can be reached by Tab: the one last visited, else the first.
function rove(chart, state, focused) {
  const marks = [...chart.querySelectorAll("[data-id]")];
  const now = marks.find((mark) => mark.dataset.id === state.current) ?? marks[0];
  for (const mark of marks) mark.setAttribute("tabindex", mark === now ? "0" : "-1");
  state.current = now?.dataset.id ?? "";
  if (focused) now?.focus({ preventScroll: true });
}

// Clicks and keys of a chart: arrows go from mark to mark, Space selects, Enter and a double click open.
function pressable(store, chart, state, { open, leave }) {
  const markAt = (target) => target.closest?.("[data-id]");
  const visit = (mark) => {
    state.current = mark.dataset.id;
    rove(chart, state, true);
    mark.scrollIntoView({ block: "nearest" });
  };
  chart.addEventListener("click", (event) => {
    const mark = markAt(event.target);
    if (!mark) return;
    visit(mark);
    store.select(mark.dataset.id);
  });
  chart.addEventListener(
    "dblclick",
    (event) => markAt(event.target) && open(store.row(markAt(event.target).dataset.id)),
  );
  chart.addEventListener("keydown", (event) => {
    const mark = markAt(event.target);
    if (!mark || event.ctrlKey || event.metaKey || event.altKey) return;
    const marks = [...chart.querySelectorAll("[data-id]")];
    const at = marks.indexOf(mark);
    const moves = {
      ArrowDown: at + 1,
      ArrowRight: at + 1,
      ArrowUp: at - 1,
      ArrowLeft: at - 1,
      Home: 0,
      End: marks.length - 1,
    };
    if (event.key in moves) visit(marks[Math.max(0, Math.min(marks.length - 1, moves[event.key]))]);
    else if (event.key === " ") store.select(mark.dataset.id);
    else if (event.key === "Enter") open(store.row(mark.dataset.id));
    else if (!(event.key === "Escape" && leave?.())) return;
    event.preventDefault();
    event.stopPropagation();
  });
}
