// What if: the input, the convention and the selected layer otherwise. Python runs it; here are the controls.

const WAIT_WHILE_DRAGGING = 120;

const AXES = { 1: [""], 2: ["height", "width"], 3: ["depth", "height", "width"] };

function makeWhatIf(store) {
  const model = element("div", { class: "cc-fields" });
  const layer = element("fieldset", { class: "cc-fields cc-layer" });
  const reason = element("p", { class: "cc-why" });
  const wrong = element("div", { class: "cc-wrong", role: "alert", hidden: true });
  const changes = element("ul", { class: "cc-changes", "aria-label": store.t("What is changed") });
  const listing = element("div", { hidden: true });
  const button = (name, text, onclick) =>
    element("button", { type: "button", class: "cc-button " + name, onclick }, text);
  const reset = button("cc-reset", store.t("Reset"), () => store.command("reset", "what_if"));
  const code = button("cc-code", store.t("Copy as code"), () => copyCode(store, listing));
  const busy = element("span", { class: "cc-busy", hidden: true }, store.t("counting…"));
  const state = { next: null, timer: 0, fields: [], shape: "", last: null, isAsking: false };
  const ask = (change, soon, input) => askFor(store, state, change, soon, input);
  const follow = () => {
    const controls = store.model.get("controls") || {};
    if (state.shape !== (state.shape = shapeOf(controls))) {
      state.fields = [];
      model.replaceChildren(...modelFields(store, state, controls, ask));
      layer.replaceChildren(...layerFields(store, state, controls, ask));
    }
    for (const field of state.fields) field(controls);
    layer.hidden = !controls.layer;
    reason.hidden = !(reason.textContent = controls.reason || "");
    drawChanges(store, changes, controls, ask);
    changes.hidden = code.disabled = !changes.childElementCount;
    reset.disabled = !Object.keys(store.model.get("what_if") || {}).length;
  };
  const tell = () => {
    const status = store.model.get("status") || {};
    busy.hidden = !status.busy;
    drawWrong(store, wrong, status.error, state);
  };
  store.on("controls", follow);
  store.on("status", tell);
  store.listen("change:what_if", () => {
    listing.hidden = true;
    if (!state.isAsking) follow();
  });
  follow();
  tell();
  const head = element("header", {}, element("h3", { tabIndex: -1 }, store.t("What if")), busy, reset, code);
  const parts = [head, model, layer, reason, wrong, changes, listing];
  return element("section", { class: "cc-whatif", "aria-label": store.t("What if") }, ...parts);
}

// Which controls there are, whatever their values, limits and choices.
function shapeOf({ layer, ...controls }) {
  return JSON.stringify([
    ["height", "width", "batch", "dtype", "mode", "convention"].map(
      (key) => controls[key] && [controls[key].label],
    ),
    layer && [layer.path, layer.fields.map(({ key, label, axes }) => [key, label, axes])],
  ]);
}

// Changes the what-if, of a layer or of the whole; `null` is as it was. Soon, or when nothing more comes for a while.
function askFor(store, state, { path, ...change }, soon, input) {
  const now = state.next ?? store.model.get("what_if") ?? {};
  const kept = (record) =>
    Object.fromEntries(Object.entries(record).filter(([, value]) => value !== null && value !== undefined));
  const layers = { ...now.layers };
  if (path !== undefined) {
    layers[path] = kept({ ...layers[path], ...change });
    if (!Object.keys(layers[path]).length) delete layers[path];
    change = {};
  }
  state.next = kept({ ...now, ...change, layers: Object.keys(layers).length ? layers : null });
  state.last = input ?? null;
  clearTimeout(state.timer);
  const send = () => {
    const wanted = state.next;
    state.next = null;
    if (JSON.stringify(wanted) !== JSON.stringify(store.model.get("what_if") ?? {})) {
      state.isAsking = true;
      store.set("what_if", wanted);
      state.isAsking = false;
    }
  };
  if (soon) send();
  else state.timer = setTimeout(send, WAIT_WHILE_DRAGGING);
}

function modelFields(store, state, controls, ask) {
  const sides = ["height", "width"].filter((key) => controls[key]);
  const fields = [];
  if (sides.length) {
    const label = controls[sides[0]].label ?? "resolution";
    fields.push(
      numbersField(store, state, {
        key: "resolution",
        label,
        axes: sides.length > 1 ? sides : [""],
        slides: true,
        read: (now) => ({ ...now[sides[0]], values: sides.map((key) => now[key]?.value) }),
        ask: (values, ...more) => ask(Object.fromEntries(sides.map((key, place) => [key, values[place]])), ...more),
      }),
    );
  }
  if (controls.batch) {
    fields.push(
      numbersField(store, state, {
        key: "batch",
        label: "batch",
        axes: [""],
        slides: false,
        read: (now) => ({ ...now.batch, values: [now.batch?.value] }),
        ask: ([batch], ...more) => ask({ batch }, ...more),
      }),
    );
  }
  for (const key of ["dtype", "mode", "convention"]) {
    if (controls[key])
      fields.push(
        choiceField(store, state, {
          key,
          label: key,
          read: (now) => now[key] ?? {},
          ask: (value, input) => ask({ [key]: value }, true, input),
        }),
      );
  }
  return fields;
}

function layerFields(store, state, { layer }, ask) {
  if (!layer) return [];
  const { path } = layer;
  const fields = layer.fields.map(({ key, label, axes, choices }) => {
    const find = (now) => now.layer?.fields.find((field) => field.key === key) ?? {};
    if (choices)
      return choiceField(store, state, {
        key,
        label,
        read: find,
        ask: (wanted, input) => ask({ path, [key]: wanted }, true, input),
      });
    const along = AXES[axes] ?? [""];
    return numbersField(store, state, {
      key,
      label,
      axes: along,
      slides: key === "out_channels",
      folds: true,
      read: (now) => {
        const { value } = find(now);
        return { ...find(now), values: along.map((_, place) => (Array.isArray(value) ? value[place] : value)) };
      },
      ask: (values, ...more) => ask({ path, [key]: areAlike(values) ? values[0] : values }, ...more),
    });
  });
  return [element("legend", {}, isolated(path || store.table.model)), ...fields];
}

function areAlike(values) {
  return values.every((value) => value === values[0]);
}

// The values once one of them is wanted otherwise; those that are tied to it keep their ratio.
function withValue(values, place, wanted, tied) {
  const alike = areAlike(values) || !values[place];
  const beside = (value) => (alike ? wanted : Math.max(1, Math.round((value * wanted) / values[place])));
  return values.map((value, index) => (index === place ? wanted : tied ? beside(value) : value));
}

// Numbers along one or several axes, tied together if wanted, with a slider if wanted; tied ones that are alike fold
// into one box if wanted. A slider has limits; what is typed may be any number. What somebody types or drags stays
// while answers to earlier changes come.
function numbersField(store, state, { key, label, axes, read, ask, slides, folds }) {
  const name = store.t(label);
  let [tied, values, typed] = [null, [], null];
  const give = (place, soon) => (event) => {
    const wanted = Number(event.target.value);
    typed = null;
    if (!event.target.value || !Number.isInteger(wanted) || wanted < 0) return show(values);
    const next = withValue(values, place, wanted, tied);
    show(next, event.target);
    if (soon) values = next;
    ask(next, soon, event.target);
  };
  const inputs = axes.map((_, place) => numberBox(key, give(place, true), (box) => (typed = box)));
  const slider = slides && sliderOf(key, `${name}, ${store.t("slider")}`, give);
  const show = (numbers, source) => {
    const isFolded = folds && tied && areAlike(numbers);
    inputs.forEach((box, place) => {
      if (box !== source) box.value = box.placeholder = numbers[place] ?? "";
      box.setAttribute("aria-label", isFolded || !axes[place] ? name : `${name}, ${store.t(axes[place])}`);
    });
    if (slider && slider !== source) slider.value = numbers[0];
    for (const part of between.slice(1)) part.hidden = isFolded;
  };
  state.fields.push((controls) => {
    const { min = 1, max, step = 1, ...now } = read(controls);
    const isHeld = slider && (slider.matches(":active") || state.next);
    if (isHeld) return;
    values = now.values;
    tied ??= !folds || areAlike(values);
    tying?.setAttribute("aria-pressed", String(tied));
    if (slider) Object.assign(slider, { min, max: max ?? 2 * values[0], step });
    show(values, typed);
  });
  const between = inputs.flatMap((box, place) => (place ? [element("span", {}, "×"), box] : [box]));
  const tie = () => {
    tied = !tied;
    tying.setAttribute("aria-pressed", String(tied));
    show(values);
  };
  const tying = axes.length > 1 ? tieButton(store, name, tie) : null;
  const parts = [element("span", {}, name), slider || null, ...between, tying];
  return element("div", { class: "cc-field", role: "group", "aria-label": name }, ...parts);
}

// A box for one number, which says of itself when somebody types in it.
function numberBox(key, onchange, hold) {
  const min = key === "padding" ? 0 : 1;
  const typing = { oninput: () => hold(box), onblur: () => hold(null) };
  const box = element("input", { type: "number", "data-key": key, min, onchange, ...typing });
  return box;
}

function sliderOf(key, label, give) {
  const [onchange, oninput] = [give(0, true), give(0, false)];
  return element("input", { type: "range", "data-key": key, "aria-label": label, onchange, oninput });
}

// Whether the sides change together.
function tieButton(store, name, onclick) {
  const title = store.t("change all sides together");
  const icon = drawn(
    "svg",
    { viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": "true" },
    drawn("path", { d: "M6.5 5H5a3 3 0 0 0 0 6h1.5M9.5 5H11a3 3 0 0 1 0 6H9.5M5.5 8h5" }),
  );
  return element(
    "button",
    { type: "button", class: "cc-lock", title, "aria-label": `${name}: ${title}`, onclick },
    icon,
  );
}

function choiceField(store, state, { key, label, read, ask }) {
  let [options, known] = [[], ""];
  const list = element("select", { "data-key": key, onchange: () => ask(options[list.selectedIndex][0], list) });
  const offer = (choices) => {
    options = choices.map((choice) => (Array.isArray(choice) ? choice : [choice, String(choice)]));
    const shown = ([name, title]) => element("option", { title }, key === "convention" ? name : title);
    list.replaceChildren(...options.map(shown));
  };
  state.fields.push((controls) => {
    const { value, choices = [] } = read(controls);
    if (known !== (known = JSON.stringify(choices))) offer(choices);
    list.selectedIndex = options.findIndex(([name]) => JSON.stringify(name) === JSON.stringify(value));
  });
  return element("label", { class: "cc-field" }, element("span", {}, store.t(label)), list);
}

// What is otherwise, each with a way back: a sentence for each part of the input, and for each layer.
function drawChanges(store, list, { changes = [] }, ask) {
  const { layers = {} } = store.model.get("what_if") || {};
  const without = (record) => Object.fromEntries(Object.keys(record ?? {}).map((key) => [key, null]));
  const focused = list.contains(document.activeElement);
  list.replaceChildren(
    ...changes.map(({ text, key, path }) => {
      const back = key === "resolution" ? { height: null, width: null } : { [key]: null };
      const undo = () => ask(path === undefined ? back : { path, ...without(layers[path]) }, true);
      const label = store.t("Take back: {0}", text);
      const button = element("button", { type: "button", class: "cc-link", "aria-label": label, onclick: undo }, "✕");
      return element("li", { class: "cc-change" }, isolated(text), button);
    }),
  );
  if (focused) (list.querySelector("button") ?? list.parentNode.querySelector("h3")).focus();
}

// What does not work, beside the controls; where other layers could be made to fit, with a button for that.
function drawWrong(store, wrong, error, state) {
  wrong.hidden = !error;
  for (const input of wrong.parentNode?.querySelectorAll("[aria-invalid]") ?? []) input.removeAttribute("aria-invalid");
  if (!error) return wrong.replaceChildren();
  state.last?.setAttribute("aria-invalid", "true");
  const fit = error.fit
    ? element(
        "button",
        { type: "button", class: "cc-button cc-fit", onclick: () => store.command("fit", "what_if") },
        store.t("Make the following layers fit"),
      )
    : error.still
      ? element("p", { class: "cc-why" }, ...coded(store.t("With the following layers made to fit: {0}", error.still)))
      : "";
  wrong.replaceChildren(element("span", {}, "✗ ", ...coded(error.message)), fit);
}

// The Python that makes these changes, on the clipboard and to be read.
async function copyCode(store, listing) {
  try {
    const { text } = await store.send({ kind: "code" });
    listing.replaceChildren(
      scrolled("cc-listing", store.t("The changes as Python"), element("pre", {}, element("code", {}, text))),
    );
    listing.hidden = false;
    const copied = await copyText(text);
    store.say(
      copied
        ? store.t("Copied the code.")
        : store.t("The browser does not let the panel copy; select the code and copy it."),
      !copied,
    );
  } catch (error) {
    store.say(error.message, true);
  }
}
