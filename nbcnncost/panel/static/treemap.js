// The module tree as nested areas: each as large as its share of the chart's number.

const MAP_HEIGHT = 400;
const MOST_KINDS = 6;
const MOST_TILES = 700;

// Areas for sizes, in order of size, each as square as its place allows.
function squarify(items, { x, y, width, height }) {
  const placed = [];
  const sum = (list) => list.reduce((total, item) => total + item.size, 0);
  const scale = (width * height) / (sum(items) || 1);
  const worst = (line, side) => {
    const depth = (sum(line) * scale) / side;
    return Math.max(
      ...line.map((item) => Math.max(depth ** 2 / (item.size * scale), (item.size * scale) / depth ** 2)),
    );
  };
  for (let start = 0; start < items.length;) {
    const side = Math.min(width, height);
    let end = start + 1;
    while (end < items.length && worst(items.slice(start, end + 1), side) <= worst(items.slice(start, end), side))
      end++;
    const line = items.slice(start, end);
    const depth = (sum(line) * scale) / (side || 1);
    const across = width >= height;
    let along = 0;
    for (const item of line) {
      const length = (item.size * scale) / (depth || 1);
      placed.push({
        ...item,
        ...(across
          ? { x, y: y + along, width: depth, height: length }
          : { x: x + along, y, width: length, height: depth }),
      });
      along += length;
    }
    [x, y, width, height] = across ? [x + depth, y, width - depth, height] : [x, y + depth, width, height - depth];
    start = end;
  }
  return placed;
}

// The areas of rows and of what is inside them, `levels` deep, each before its own content.
function tilesOf(rows, key, box, levels) {
  const items = rows.map((row) => ({ row, size: Number(row.value(key) ?? 0) })).filter(({ size }) => size > 0);
  return squarify(
    items.sort((one, other) => other.size - one.size),
    box,
  ).flatMap((tile) => {
    const { row, x, y, width, height } = tile;
    const head = width > 34 && height > 30 ? 15 : 2;
    const inner = { x: x + 2, y: y + head, width: width - 4, height: height - head - 2 };
    const nested =
      levels > 1 && row.children.length && inner.width > 10 && inner.height > 10
        ? tilesOf(row.children, key, inner, levels - 1)
        : [];
    return [{ ...tile, nested: nested.length > 0 }, ...nested];
  });
}

// The same as deep as so many areas can be told apart.
function tilesThatFit(rows, key, box) {
  let tiles = tilesOf(rows, key, box, 1);
  for (let levels = 2; ; levels++) {
    const more = tilesOf(rows, key, box, levels);
    if (more.length === tiles.length || more.length > MOST_TILES) return tiles.slice(0, MOST_TILES);
    tiles = more;
  }
}

// The kind of layer that an area's tint stands for: its type, of one with a kernel its size and whether it has groups.
function kindOfRow({ type, settings }) {
  const [size, ...others] = settings.split(", ");
  if (!/^\d+(×\d+)*$/.test(size) || !size.includes("×")) return type;
  return [type, size, others.some((setting) => /^g\d/.test(setting)) ? "g" : ""].filter(Boolean).join(" ");
}

// The kinds that a number is made of, the largest first, with their sums.
function kindsOf(leaves, key) {
  const sums = new Map();
  for (const row of leaves) sums.set(kindOfRow(row), plus(sums.get(kindOfRow(row)) ?? 0, row.value(key) ?? 0));
  return [...sums].filter(([, sum]) => Number(sum)).sort((one, other) => (other[1] > one[1] ? 1 : -1));
}

function makeTreemap(store) {
  const path = element("nav", { class: "cc-path", "aria-label": store.t("Part of the model that is drawn") });
  const chart = drawn("svg", { role: "listbox", height: MAP_HEIGHT });
  const legend = element("ul", { class: "cc-legend" });
  const frame = element("div", { class: "cc-map" }, chart);
  const state = { current: "", zoom: "", measure: null };
  const zoomTo = (id) => {
    state.zoom = id;
    draw();
  };
  const draw = () => {
    if (!frame.clientWidth) return;
    state.measure ??= rulerOf(frame);
    const inside = store.row(state.zoom);
    if (!inside?.children.length) state.zoom = "";
    const focused = chart.contains(document.activeElement);
    drawTreemap(store, { chart, legend, frame, state });
    drawPath(store, path, state.zoom, zoomTo);
    rove(chart, state, focused);
    markSelected(store, chart);
  };
  store.on("visible", draw);
  store.on("selected", () => markSelected(store, chart));
  pressable(store, chart, state, {
    open: (row) => (row.children.length ? zoomTo(row.id) : store.select(row.id)),
    leave: () => state.zoom && (zoomTo(store.row(state.zoom).parent?.id ?? ""), true),
  });
  whenSized(store, frame, draw);
  return element("div", { class: "cc-treemap" }, path, frame, legend);
}

// The way down to what is drawn; each part of it leads back.
function drawPath(store, path, zoom, zoomTo) {
  const parts = [];
  for (let row = store.row(zoom); row; row = row.parent) parts.unshift([row.id, row.name]);
  const link = ([id, name]) =>
    element("button", { type: "button", class: "cc-link", onclick: () => zoomTo(id) }, isolated(name));
  const steps = [["", store.table.model], ...parts];
  const metric = element("span", { class: "cc-muted" }, " · ", store.column(store.metric)?.header ?? "");
  path.replaceChildren(
    ...steps.flatMap((step, index) =>
      index === steps.length - 1 ? [element("strong", {}, isolated(step[1]))] : [link(step), " › "],
    ),
    metric,
  );
}

function drawTreemap(store, { chart, legend, frame, state }) {
  const key = store.metric;
  const title = store.column(key)?.header ?? "";
  const inside = store.row(state.zoom);
  const top = inside ? inside.children : store.rows.filter((row) => !row.parent);
  const kept = top.filter((row) => store.keeps(row) && !row.removed);
  const width = frame.clientWidth;
  const tiles = tilesThatFit(kept, key, { x: 0.5, y: 0.5, width: width - 1, height: MAP_HEIGHT - 1 });
  const leavesOf = (row) => (row.leaf ? [row] : row.children.filter(store.keeps).flatMap(leavesOf));
  const kinds = kindsOf(kept.flatMap(leavesOf), key);
  const kindOf = new Map(kinds.map(([type], place) => [type, Math.min(place, MOST_KINDS)]));
  chart.setAttribute("width", width);
  chart.setAttribute("aria-label", store.t("Treemap: {0} of {1}", title, inside ? inside.id : store.table.model));
  chart.replaceChildren(...tiles.map((tile) => drawTile(store, tile, kindOf, state.measure)));
  if (!tiles.length)
    chart.append(drawn("text", { x: 8, y: 24, class: "cc-label" }, store.t("Nothing to draw: all of it is 0.")));
  drawLegend(store, legend, kinds);
}

function drawTile(store, { row, x, y, width, height, nested }, kindOf, measure) {
  const kind = nested ? "cc-group-tile" : row.leaf ? `cc-kind-${kindOf.get(kindOfRow(row))}` : "cc-closed-tile";
  const fitted = width > 16 && height > 13 ? fitText(row.name, width - 6, (text) => measure(text, 11)) : "";
  const label = fitted.endsWith("…") && fitted.length < 4 ? "" : fitted;
  const lines = nested || !label ? [] : [shortValue(row, store.metric), changeText(row, store.metric)];
  const fitting = lines.filter((line, place) => line && height > 28 + 13 * place && measure(line, 11) <= width - 8);
  const round = (number) => Math.round(number * 10) / 10;
  return option(
    store,
    row,
    `cc-tile ${kind}`,
    null,
    drawn("rect", {
      x: round(x),
      y: round(y),
      width: round(Math.max(0.5, width - 1)),
      height: round(Math.max(0.5, height - 1)),
      rx: 2,
    }),
    label ? drawn("text", { x: x + 4, y: y + 11.5, class: "cc-label" }, label) : null,
    ...fitting.map((line, place) => drawn("text", { x: x + 4, y: y + 25 + 13 * place, class: "cc-value" }, line)),
  );
}

// What the tints mean; names and numbers say the same in words.
function drawLegend(store, legend, kinds) {
  const sum = (list) => list.reduce((total, [, size]) => plus(total, size), 0);
  const whole = sum(kinds);
  const others = kinds.slice(MOST_KINDS);
  const shown = [
    ...kinds.slice(0, MOST_KINDS),
    ...(others.length ? [[store.t("other ({0})", others.length), sum(others)]] : []),
  ];
  legend.replaceChildren(
    ...shown.map(([name, size], place) =>
      element(
        "li",
        {},
        element("i", { class: `cc-swatch cc-kind-${place}` }),
        isolated(name),
        " ",
        element("small", {}, percentText(size, whole)),
      ),
    ),
  );
}
