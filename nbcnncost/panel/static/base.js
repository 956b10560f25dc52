// What the panel's whole front end shares: numbers as text, and the tree of a table's rows.
// Numbers are exact: what a JavaScript number cannot hold is a BigInt. Only the last part touches the page.
// Comments stand on lines of their own, since these lines are left out where the module is loaded.

// What stands before a number's key for its difference from the baseline.
const DIFFERENCE = "Δ";

// Two whole numbers added; the sum of two numbers stays one as long as it is exact.
function plus(first, second) {
  if (typeof first === "number" && typeof second === "number") {
    const sum = first + second;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return BigInt(first) + BigInt(second);
}

// A whole number less another.
function minus(first, second) {
  return plus(first, typeof second === "bigint" ? -second : -second || 0);
}

// A number as JSON brings it: those too large for JavaScript's come as texts.
function readNumber(value) {
  return typeof value === "string" ? BigInt(value) : (value ?? null);
}

// All digits, in groups of three: "1,814,073,344".
function exactNumber(value) {
  return String(value)
    .replace(/\B(?=(\d{3})+$)/g, ",")
    .replace("-", "−");
}

// Three significant digits with a prefix: "1.81 G"; below 1000 all digits.
function shortNumber(value) {
  const size = Math.abs(Number(value));
  if (size < 1000) return exactNumber(value);
  let power = Math.min(Math.floor(Math.log10(size) / 3 + 1e-12), 6);
  let text = (size / 1000 ** power).toPrecision(3);
  if (Number(text) >= 1000 && power < 6) text = (size / 1000 ** ++power).toPrecision(3);
  return (value < 0 ? "−" : "") + (Number(text) >= 1000 ? Number(text) : text) + " " + " kMGTPE"[power];
}

// A share of a whole with one decimal; one that is not zero never reads as "0.0 %".
function percentText(part, whole) {
  if (!Number(part) || !Number(whole)) return "0 %";
  const share = (100 * Number(part)) / Number(whole);
  if (share > 0 && share < 0.05) return "<0.1 %";
  return (share === 100 ? "100" : share.toFixed(1).replace("-", "−")) + " %";
}

// A number of which some may not be known: "123", "123 + ?" or "?".
function partlyText(known, unknown, text = exactNumber) {
  if (!unknown) return text(known);
  return Number(known) ? text(known) + " + ?" : "?";
}

// A difference with arrow and sign: "▲ +12"; "=" where there is none.
function differenceText(change, text = exactNumber) {
  if (!Number(change)) return "=";
  return change > 0 ? "▲ +" + text(change) : "▼ " + text(change);
}

// How a difference looks: the class of what costs more, less or the same.
function differenceClass(change) {
  return change > 0 ? "cc-more" : change < 0 ? "cc-less" : "cc-same";
}

// A text with its places {0}, {1} filled.
function fillText(text, values) {
  return text.replace(/\{(\d)\}/g, (_, place) => values[place]);
}

// The rows of a table as a tree, followed by what the baseline had besides; `numbers` hold each row's own.
function unpackTable(table, baseline, removedName = "removed", methods = {}) {
  const packed = table.rows || { id: [] };
  const word = (key, index) => {
    const value = packed[key]?.[index] ?? "";
    return typeof value === "number" && table.texts ? table.texts[value] : String(value);
  };
  const shared = new Set(packed.shared);
  const closed = new Set(packed.closed);
  const rows = packed.id.map((id, index) => ({
    __proto__: methods,
    index,
    id,
    name: word("name", index),
    depth: packed.depth[index],
    leaf: packed.leaf[index] === "1",
    type: word("type", index),
    settings: word("settings", index),
    input: word("input", index),
    output: word("output", index),
    marks: word("marks", index),
    shared: shared.has(index),
    closed: closed.has(index),
    removed: false,
  }));
  const keys = (table.columns || []).filter((column) => column.kind === "number").map((column) => column.key);
  const numbers = {};
  const unknown = {};
  const before = baseline ? {} : null;
  for (const key of keys) {
    numbers[key] = (packed[key] || []).map(readNumber);
    unknown[key] = unknownOf(rows, numbers[key], packed.unknown?.[key]);
    if (before) before[key] = rows.map((row) => readNumber(baseline.rows[key]?.[row.index]));
  }
  if (before) markNew(rows, before, keys);
  if (baseline?.removed?.length)
    addRemoved(rows, { numbers, before, keys }, baseline.removed, { name: removedName, methods });
  linkRows(rows);
  for (const row of [...rows].reverse())
    if (row.children.length) row.isNew = row.children.every((child) => child.isNew);
  return { rows, keys, numbers, unknown, before, byId: new Map(rows.map((row) => [row.id, row])) };
}

// By row, how many operations a number lacks; a leaf without a number lacks one at least.
function unknownOf(rows, numbers, given = {}) {
  const lacking = new Map(Object.entries(given).map(([index, count]) => [Number(index), count]));
  for (const row of rows)
    if (row.leaf && numbers[row.index] === null && !lacking.has(row.index)) lacking.set(row.index, 1);
  return lacking;
}

// A leaf that the baseline has no number of is new.
function markNew(rows, before, keys) {
  for (const row of rows) row.isNew = row.leaf && keys.every((key) => before[key][row.index] === null);
}

// What only the baseline had, in a container of its own, so that differences add up as well.
function addRemoved(rows, { numbers, before, keys }, removed, { name, methods }) {
  const blank = {
    type: "",
    settings: "",
    input: "",
    output: "",
    marks: "",
    shared: false,
    closed: true,
    removed: true,
  };
  const add = (id, title, depth, leaf, entry) => {
    rows.push({ __proto__: methods, ...blank, index: rows.length, id, name: title, depth, leaf });
    for (const key of keys) {
      numbers[key].push(leaf ? 0 : null);
      before[key].push(leaf ? readNumber(entry[key]) : null);
    }
  };
  add("\u0000", name, 1, false);
  for (const entry of removed) add("\u0000" + entry.id, entry.id || entry.name, 2, true, entry);
}

// Parents and children of rows in which each container precedes what is inside; what a filter reads of each.
function linkRows(rows) {
  const chain = [];
  for (const row of rows) {
    chain.length = Math.min(chain.length, row.depth - 1);
    row.parent = chain[chain.length - 1] || null;
    row.children = [];
    row.parent?.children.push(row);
    row.path = row.id.toLowerCase();
    row.words = `${row.path} ${row.type} ${row.settings}`.toLowerCase();
    chain.push(row);
  }
}

// Which rows a filter keeps: leaves that have all words and one of the types, they or what they are in; and
// the containers of these. A word is looked for in the paths; only one that none of them has, in types and settings.
function filterRows(rows, text, types) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean).slice(0, 30);
  const places = words.map((word) => (rows.some((row) => row.path.includes(word)) ? "path" : "words"));
  const wanted = new Set(types);
  const all = 2 ** (words.length + 1) - 1;
  const found = new Uint32Array(rows.length);
  const kept = new Uint8Array(rows.length);
  rows.forEach((row, index) => {
    let bits = row.parent ? found[row.parent.index] : 0;
    if (!wanted.size || wanted.has(row.type)) bits |= 1;
    words.forEach((word, place) => {
      if (row[places[place]].includes(word)) bits |= 2 << place;
    });
    found[index] = bits;
    if (!row.children.length && bits === all) {
      for (let at = row; at && !kept[at.index]; at = at.parent) kept[at.index] = 1;
    }
  });
  return kept;
}

// Of each row the sum of the leaves in it that are kept; the last entry is the sum of all.
function addUp(rows, kept, own) {
  const sums = new Array(rows.length + 1).fill(0);
  for (let index = rows.length - 1; index >= 0; index--) {
    if (!kept[index]) continue;
    const row = rows[index];
    if (row.leaf) sums[index] = own(index) ?? 0;
    const place = row.parent ? row.parent.index : rows.length;
    if (sums[index]) sums[place] = plus(sums[place], sums[index]);
  }
  return sums;
}

// The containers that are open at first: level by level as long as about `limit` rows show.
function firstOpening(rows, kept, limit) {
  const childrenOf = (row) => row.children.filter((child) => kept[child.index]);
  let level = rows.filter((row) => !row.parent && kept[row.index]);
  let shown = level.length;
  const opened = new Set();
  while (level.length) {
    const inside = level.filter((row) => !row.closed).map((row) => [row, childrenOf(row)]);
    const filled = inside.filter(([, children]) => children.length);
    const more = filled.reduce((sum, [, children]) => sum + children.length, 0);
    const fits = shown + more <= limit || (shown < 5 && filled.length === 1);
    if (!fits && shown >= 15) break;
    level = [];
    for (const [row, children] of filled) {
      if (!fits && shown + children.length > limit) continue;
      opened.add(row.id);
      shown += children.length;
      level.push(...children);
    }
  }
  return opened;
}

// How two values stand to each other: texts by their letters and numbers, numbers by size.
const collator = new Intl.Collator("en", { numeric: true });
function compareValues(first, second) {
  if (typeof first === "string") return collator.compare(first, second);
  return first < second ? -1 : first > second ? 1 : 0;
}

// The rows sorted by what `value` gives of each; those that are equal keep their order.
function sortRows(rows, value, descending) {
  const sign = descending ? -1 : 1;
  const pairs = rows.map((row) => [value(row), row]);
  pairs.sort((one, other) => sign * compareValues(one[0], other[0]) || one[1].index - other[1].index);
  return pairs.map((pair) => pair[1]);
}

// The rows to show, in order: leaves alone, or the tree as far as it is open; what was removed comes last.
function visibleRows(rows, { kept, opened, flat, value, descending }) {
  const order = (list) => {
    const shown = list.filter((row) => kept[row.index]);
    if (!value) return shown;
    const last = shown.filter((row) => row.removed && !row.parent);
    return [...sortRows(last.length ? shown.filter((row) => !last.includes(row)) : shown, value, descending), ...last];
  };
  if (flat) return order(rows.filter((row) => row.leaf));
  const visible = [];
  const walk = (list) => {
    for (const row of order(list)) {
      visible.push(row);
      if (opened.has(row.id)) walk(row.children);
    }
  };
  walk(rows.filter((row) => !row.parent));
  return visible;
}

// What Python packed: JSON, compressed and written in letters.
async function unpackText(packed) {
  const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).json();
}

// A sentence with the names in it that backticks mark, as code.
function coded(text) {
  return text.split("`").map((piece, place) => (place % 2 ? element("code", {}, isolated(piece)) : isolated(piece)));
}

// Lets the right edge of what can be scrolled fade while there is more behind it.
function fadeCut(frame) {
  const look = () => frame.classList.toggle("cc-cut", frame.scrollLeft + frame.clientWidth < frame.scrollWidth - 2);
  const watch = new ResizeObserver(look);
  for (const watched of [frame, ...frame.children]) watch.observe(watched);
  frame.addEventListener("scroll", look, { passive: true });
  return frame;
}

// Hands a file to the browser.
function downloadFile({ name, mime, text, base64 }) {
  const content = base64 === undefined ? text : Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const link = element("a", { href: URL.createObjectURL(new Blob([content], { type: mime })), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

// Puts text on the clipboard, also where the page may not; gives whether it went well.
async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = element("textarea", { value: text, class: "cc-unseen" });
    const focused = document.activeElement;
    document.body.append(field);
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    focused?.focus();
    return copied;
  }
}
