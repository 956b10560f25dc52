"""A page with nothing on it but panels: what a notebook's front end does for a widget, in 60 lines.

The panel's own ES module and styles run in it, on the state of a real :class:`~nbcnncost.panel.Panel`. What the page
saves and sends goes to that panel through ipywidgets' protocol, and what the panel answers comes back.
"""

from __future__ import annotations

from comm.base_comm import BaseComm

ADDRESS = "https://panel.test/"

PAGE = """\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>A panel</title><link rel="icon" href="data:,"></head>
<body><main></main></body>
</html>"""

# anywidget's model is Backbone's: `on` takes several events in one text, a change is heard once, and only if it is one.
# What has been received is done when what the listeners promise of it is.
MODEL = """\
window.StubModel = class {
  constructor(id, state) {
    Object.assign(this, { id, state, heard: [], saved: [], sent: [], acts: [], dirty: {}, running: Promise.resolve() });
  }
  get(name) { return this.state[name]; }
  set(name, value) {
    const same = JSON.stringify(this.state[name]) === JSON.stringify(value);
    this.state = { ...this.state, [name]: value };
    if (same) return;
    this.dirty[name] = value;
    this.trigger("change:" + name, this, value);
    this.trigger("change", this);
  }
  on(events, callback) { for (const event of events.split(" ")) this.heard.push([event, callback]); }
  off(events, callback) {
    const named = events == null ? null : events.split(" ");
    this.heard = this.heard.filter(([event, heard]) =>
      (named !== null && !named.includes(event)) || (callback && callback !== heard));
  }
  trigger(event, ...values) {
    for (const [heard, callback] of [...this.heard]) if (heard === event) this.acts.push(callback(...values));
  }
  save_changes() {
    const state = JSON.parse(JSON.stringify(this.dirty));
    this.dirty = {};
    if (Object.keys(state).length === 0) return;
    this.saved.push(state);
    this.exchange({ method: "update", state });
  }
  send(content) {
    this.sent.push(content);
    this.exchange({ method: "custom", content });
  }
  exchange(data) { this.running = this.running.then(async () => this.receive(await window.exchange(this.id, data))); }
  async receive(answers) {
    for (const answer of answers) {
      if (answer.method === "custom") { this.trigger("msg:custom", answer.content, []); continue; }
      const changed = Object.keys(answer.state).filter((name) =>
        JSON.stringify(this.state[name]) !== JSON.stringify(answer.state[name]));
      this.state = { ...this.state, ...answer.state };
      for (const name of changed) this.trigger("change:" + name, this, this.state[name]);
      if (changed.length) this.trigger("change", this);
    }
    await Promise.all(this.acts.splice(0));
  }
};
window.panels = {};
window.show = async ({ id, state, width }) => {
  const { _esm, _css, ...synced } = state;
  const style = document.createElement("style");
  style.textContent = _css ?? "";
  const el = document.createElement("div");
  el.dataset.panel = id;
  if (width) el.style.width = width + "px";
  document.querySelector("main").append(style, el);
  const module = await import(URL.createObjectURL(new Blob([_esm], { type: "text/javascript" })));
  const model = new window.StubModel(id, synced);
  const clear = await module.default.render({ model, el });
  window.panels[id] = { model, el, render: module.default.render, clear };
};"""


class FrontEnd(BaseComm):
    """The kernel's end of a panel's channel: what the panel says is kept until the page fetches it."""

    def __init__(self, panel):
        self.said = []
        super().__init__(target_name="jupyter.widget", comm_id=panel.model_id, primary=True)
        self.panel = panel
        panel.comm = self

    def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
        """Keep what goes to the front end; the message that opens a channel says nothing the page is not given."""
        if msg_type == "comm_msg":
            self.said.append(data)

    def exchange(self, data: dict) -> list[dict]:
        """Hand a message of the page to the panel; gives what the panel says to it."""
        self.handle_msg({"content": {"data": data}, "buffers": []})
        return self.fetch()

    def fetch(self) -> list[dict]:
        """What the panel has said since it was last asked, without ipywidgets' echoes of the page's own changes."""
        said, self.said = self.said, []
        return [message for message in said if message["method"] != "echo_update"]
