// Everything about the selected row: formulas, shapes, source, and its number in every convention.

const WAIT_FOR_DETAILS = 3000;
const MOST_CHILDREN = 12;
const MATHS = new Set(["math", "mrow", "mi", "mn", "mo", "mtext", "msub", "mtable", "mtr", "mtd"]);

// Mathematics that Python wrote: nothing but the elements of formulas, whatever the text holds.
function mathOf(text) {
  const found = new DOMParser().parseFromString(text, "text/html").body.firstElementChild;
  const copy = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return document.createTextNode(node.data);
    if (!MATHS.has(node.localName)) return document.createTextNode(node.textContent);
    const made = document.createElementNS("http://www.w3.org/1998/Math/MathML", node.localName);
    for (const name of ["display", "stretchy"])
      if (node.hasAttribute(name)) made.setAttribute(name, node.getAttribute(name));
    made.append(...[...node.childNodes].map(copy));
    return made;
  };
  return found ? copy(found) : document.createTextNode(text);
}

// Mathematics in a line of text, in pieces between which the line may break: browsers break none themselves.
function mathPieces(text) {
  const pieces = [];
  let depth = 0;
  for (const node of [...mathOf(text).childNodes]) {
    const sign = node.localName === "mo" ? node.textContent : "";
    depth += { "(": 1, ")": -1 }[sign] ?? 0;
    const isBreak = sign === "+" && !depth;
    if (isBreak) node.setAttribute("form", "infix");
    if (isBreak || !pieces.length)
      pieces.push(document.createElementNS("http://www.w3.org/1998/Math/MathML", "math"));
    pieces.at(-1).append(node);
  }
  return element("span", {}, ...pieces.flatMap((piece) => [piece, " "]));
}

function makeDetails(store) {
  const content = element("div", { class: "cc-details-body" });
  const label = store.t("Details of the selected layer");
  const whole = element("section", { class: "cc-details", "aria-label": label }, content);
  const opened = new Set();
  let waiting = 0;
  const hint = (text) => content.replaceChildren(element("p", { class: "cc-hint" }, text));
  const draw = () => {
    const { details } = store;
    const late = Boolean(store.selected) && details.id !== store.selected;
    whole.classList.toggle("cc-late", late);
    clearTimeout(waiting);
    if (late) waiting = setTimeout(hint, WAIT_FOR_DETAILS, store.t("No details: they need a running kernel."));
    else if (!store.selected) hint(store.t("Select a layer to see its formula, its shapes and its source."));
    else {
      const focused = content.contains(document.activeElement);
      content.replaceChildren(...detailParts(store, details, opened));
      if (focused) content.querySelector("h3").focus();
    }
  };
  for (const event of ["details", "selected"]) store.on(event, draw);
  store.signal.addEventListener("abort", () => clearTimeout(waiting));
  draw();
  return whole;
}

function detailParts(store, details, opened) {
  const kind = [details.type, details.settings].filter(Boolean).join(" · ");
  const close = element(
    "button",
    { type: "button", class: "cc-link", "aria-label": store.t("Select nothing"), onclick: () => store.select("") },
    "✕",
  );
  const columns = [
    [
      details.children?.length ? childrenPart(store, details.children, opened) : null,
      details.lines?.length ? formulasPart(store, details, opened) : null,
    ],
    [shapesPart(store, details), details.source ? sourcePart(store, details.source, opened) : null],
    [othersPart(store, details)],
  ];
  return [
    element(
      "header",
      {},
      element("h3", { tabIndex: -1 }, isolated(details.title)),
      element("p", { class: "cc-muted" }, isolated(kind)),
      close,
    ),
    ...columns.map((parts) => element("div", {}, ...parts)),
  ];
}

// What is folded away at first, and stays open for the next layer once it was opened.
function fold(opened, name, title, ...children) {
  const made = element("details", { open: opened.has(name) }, element("summary", {}, title), ...children);
  made.addEventListener("toggle", () => (made.open ? opened.add(name) : opened.delete(name)));
  return made;
}

function part(title, className, ...children) {
  return element("section", { class: className, "aria-label": title }, element("h4", {}, title), ...children);
}

// A row of a part that may be wider than its place can be scrolled by keys, too.
function scrolled(className, label, ...children) {
  return fadeCut(element("div", { class: className, tabIndex: 0, role: "group", "aria-label": label }, ...children));
}

function formulasPart(store, { lines, glossary }, opened) {
  const shown = lines.flatMap((line, index) => {
    const again = index && lines[index - 1].heading === line.heading;
    const next = lines[index + 1];
    const reason = [line.why, line.source && `[${line.source}]`].filter(Boolean).join(" ");
    const last = !(next && next.heading === line.heading && next.why === line.why && next.source === line.source);
    return [
      again ? null : element("h5", {}, isolated(line.heading)),
      scrolled("cc-formula", line.text, mathOf(line.mathml)),
      last && reason ? element("p", { class: "cc-why" }, isolated(reason)) : null,
    ];
  });
  const symbols = glossary.map(({ mathml, means, value }) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, mathOf(mathml)),
      element("td", {}, value),
      element("td", {}, isolated(means)),
    ),
  );
  const heads = ["symbol", "value", "meaning"].map((name) => element("th", { scope: "col" }, store.t(name)));
  const table = element(
    "table",
    { class: "cc-glossary" },
    element("thead", {}, element("tr", {}, ...heads)),
    element("tbody", {}, ...symbols),
  );
  const more = symbols.length ? fold(opened, "symbols", store.t("what the symbols mean"), table) : null;
  return part(store.t("Formula"), "cc-formulas", ...shown, more);
}

// What a container's number is made of; a click goes there.
function childrenPart(store, children, opened) {
  const line = ({ id, name, text, share, percent }) => {
    const bar = element("i", {});
    bar.style.width = `${100 * share}%`;
    return element(
      "li",
      {},
      element(
        "button",
        { type: "button", class: "cc-child", "data-id": id, onclick: () => store.select(id) },
        isolated(name),
        element("span", { class: "cc-meter" }, bar),
        element("span", {}, text),
        element("small", {}, percent),
      ),
    );
  };
  const [first, others] = [children.slice(0, MOST_CHILDREN), children.slice(MOST_CHILDREN)];
  const more = others.length
    ? fold(opened, "children", store.t("{0} more", others.length), element("ul", {}, ...others.map(line)))
    : null;
  return part(store.t("Inside"), "cc-inside", element("ul", {}, ...first.map(line)), more);
}

function sourcePart(store, { file, line, code, forward }, opened) {
  const title = store.t("its forward");
  const listing = () => scrolled("cc-listing", title, element("pre", {}, element("code", {}, forward)));
  return part(
    store.t("Source"),
    "cc-source",
    element("p", {}, isolated(file), store.t(", line {0}", line)),
    scrolled("cc-listing", code, element("code", {}, code)),
    forward ? fold(opened, "forward", title, listing()) : null,
  );
}

// The same row as others count it, beside the panel's own number.
function othersPart(store, { conventions = [] }) {
  if (!conventions.length) return null;
  const most = Math.max(1e-9, ...conventions.map(({ number }) => Number(number ?? 0)));
  const rows = (entry, index) => {
    const number = element("td", { class: "cc-number" }, entry.text, " ", element("small", {}, entry.unit));
    number.style.setProperty("--cc-part", `${(100 * Number(entry.number ?? 0)) / most}%`);
    const name = element("th", { scope: "row" }, isolated(entry.name));
    if (!index) name.append(" ", element("small", {}, store.t("(shown)")));
    const how = [
      entry.mathml ? mathPieces(entry.mathml) : entry.like ? store.t("as {0}", entry.like) : "",
      entry.says ? store.t("calls it {0}", entry.says) : "",
    ].filter(Boolean);
    const note = entry.note ? [element("p", {}, isolated(entry.note))] : [];
    const more = [how[0], how.length > 1 ? " · " : null, how[1], ...note].filter(Boolean);
    const className = (index ? "" : "cc-own") + (more.length ? " cc-leads" : "");
    const first = element(
      "tr",
      { "data-key": entry.name, class: className },
      name,
      number,
      element("td", {}, entry.ratio),
    );
    return more.length ? [first, element("tr", { class: "cc-how" }, element("td", { colSpan: 3 }, ...more))] : [first];
  };
  const heads = ["convention", "number", "ratio"].map((name) => element("th", { scope: "col" }, store.t(name)));
  return part(
    store.t("By other conventions"),
    "cc-others",
    scrolled(
      "cc-wider",
      store.t("By other conventions"),
      element(
        "table",
        {},
        element("thead", {}, element("tr", {}, ...heads)),
        element("tbody", {}, ...conventions.flatMap(rows)),
      ),
    ),
  );
}

// What goes in, what slides over it or multiplies it, and what comes out, in proportion.
function shapesPart(store, { shapes, type }) {
  if (!shapes?.input?.length && !shapes?.output?.length) return null;
  const { kernel, kind } = shapes;
  const spatial = kernel?.size.length || 0;
  const blocks = [
    {
      title: firstOf(store, store.t("input"), shapes.input),
      text: shapeText(shapes.input[0]),
      ...extentOf(shapes.input[0], spatial),
    },
    kernel ? { isKernel: true, ...kernelBlock(store, kernel, kind) } : { title: "", text: type, symbol: true },
    {
      title: firstOf(store, store.t("output"), shapes.output),
      text: shapeText(shapes.output[0]),
      ...extentOf(shapes.output[0], spatial),
    },
  ];
  const words = blocks
    .map(({ title, text, notes = [] }) => [title, text, ...notes].filter(Boolean).join(" "))
    .join(" → ");
  return part(
    store.t("Shapes"),
    "cc-shapes",
    drawShapes(store, blocks, words),
    ...(kernel ? [element("p", { class: "cc-why" }, kernelWords(store, kernel))] : []),
  );
}

function firstOf(store, title, list) {
  return list.length > 1 ? store.t("{0} (first of {1})", title, list.length) : title;
}

function shapeText(shape) {
  return shape ? shape.join("×") || "scalar" : "–";
}

// Height, width and channels of a tensor; of a sequence or a plain vector its own lengths.
function extentOf(shape = [], spatial = 0) {
  const rank = spatial || Math.max(0, Math.min(3, shape.length - 2));
  if (!spatial && shape.length === 3) return { height: shape[1], width: 0, depth: shape[2] };
  if (!rank) return { height: shape[shape.length - 1] ?? 1, width: 0, depth: 0 };
  const sizes = shape.slice(-rank);
  return { height: rank > 1 ? sizes[rank - 2] : 0, width: sizes[rank - 1], depth: shape[shape.length - rank - 1] ?? 1 };
}

function kernelBlock(store, { size, channels, count, groups }, kind) {
  if (!size.length)
    return {
      title: store.t("matrix"),
      text: `${channels}×${count}`,
      height: channels,
      width: count,
      depth: 0,
      flat: true,
    };
  const one = kind === "pooling" ? size : [channels, ...size];
  const title = kind === "pooling" ? store.t("window") : store.t("{0} kernels", exactNumber(count));
  return {
    title,
    text: one.join("×"),
    notes: groups > 1 ? [store.t("{0} groups", groups)] : [],
    height: size.length > 1 ? size.at(-2) : 0,
    width: size.at(-1),
    depth: channels,
  };
}

function kernelWords(store, { stride, padding, dilation, groups, size }) {
  const words = [
    ["stride", stride],
    ["padding", padding],
    ["dilation", dilation],
  ].filter(([name, value]) => value?.length && (name !== "dilation" || value.some((each) => each > 1)));
  const each = (value) => (new Set(value).size === 1 ? value[0] : value.join("×"));
  const groupsWord = size.length && groups > 1 ? [store.t("{0} groups", exactNumber(groups))] : [];
  return [...words.map(([name, value]) => `${store.t(name)} ${each(value)}`), ...groupsWord].join(" · ");
}

// Three blocks with arrows between them. One scale for heights and widths, another for channels.
function drawShapes(store, blocks, words) {
  const sized = blocks.filter((block) => !block.symbol);
  const across = (name, flat) =>
    Math.max(1, ...sized.filter((block) => Boolean(block.flat) === flat).map((block) => block[name] ?? 0));
  const largest = Math.max(across("height", false), across("width", false), across("height", true));
  const scales = {
    plane: 66 / largest,
    flat: 66 / Math.max(largest, across("width", true)),
    depth: 30 / across("depth", false),
  };
  const parts = blocks.flatMap((block, index) => {
    const middle = 62 + index * 118;
    const arrow = index ? [drawn("path", { class: "cc-arrow", d: `M${middle - 71} 52h22m-6 -4l6 4l-6 4` })] : [];
    return [
      ...arrow,
      ...(block.symbol ? symbolBlock(block, middle) : solidBlock(block, middle, magnified(block, scales))),
      drawn("text", { x: middle, y: 116, class: "cc-label" }, block.title),
      drawn("text", { x: middle, y: 131, class: "cc-value" }, block.symbol ? "" : shorten(block.text, 19)),
      isMagnified(block, scales) ? drawn("text", { x: middle, y: 145, class: "cc-label" }, store.t("not to scale")) : null,
    ];
  });
  return drawn("svg", { viewBox: `0 0 360 ${sized.some((block) => isMagnified(block, scales)) ? 152 : 138}`, role: "img", "aria-label": words }, ...parts);
}

function shorten(text, length) {
  const letters = Array.from(text);
  return letters.length > length ? letters.slice(0, length - 1).join("") + "…" : text;
}

// A kernel is small beside what it slides over: it is drawn large enough to be told from others.
function magnified(block, scales) {
  return isMagnified(block, scales) ? { ...scales, plane: kernelSide(block) / longestSide(block) } : scales;
}

function isMagnified(block, { plane }) {
  return Boolean(block.isKernel) && !block.flat && longestSide(block) * plane < kernelSide(block);
}

function kernelSide(block) {
  return Math.min(30, 8 + 2 * longestSide(block));
}

function longestSide({ height, width }) {
  return Math.max(height, width, 1);
}

// A box seen from its front, a little from above and from the right.
function solidBlock({ height, width, depth, flat }, middle, scales) {
  const scale = flat ? scales.flat : scales.plane;
  const [h, w, d] = [
    Math.max(3, height * scale),
    Math.max(3, width * scale),
    depth ? Math.max(1.5, depth * scales.depth) : 0,
  ];
  const [dx, dy] = [d * 0.8, d * 0.45];
  const [x, y] = [middle - (w + dx) / 2, 52 - (h - dy) / 2];
  const round = (...numbers) => numbers.map((number) => number.toFixed(1)).join(" ");
  const front = drawn("path", { class: "cc-front", d: `M${round(x, y)}h${round(w)}v${round(h)}h${round(-w)}z` });
  if (!d) return [front];
  const top = drawn("path", { class: "cc-top", d: `M${round(x, y)}l${round(dx, -dy)}h${round(w)}l${round(-dx, dy)}z` });
  const side = drawn("path", {
    class: "cc-flank",
    d: `M${round(x + w, y)}l${round(dx, -dy)}v${round(h)}l${round(-dx, dy)}z`,
  });
  return [top, side, front];
}

function symbolBlock({ text }, middle) {
  return [
    drawn("rect", { class: "cc-symbol", x: middle - 45, y: 36, width: 90, height: 32, rx: 6 }),
    drawn("text", { x: middle, y: 56, class: "cc-label" }, shorten(text, 14)),
  ];
}
