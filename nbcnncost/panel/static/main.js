// What anywidget calls: one panel in one place of the page.
export default {
  render({ model, el }) {
    el.classList.add("cnncost");
    el.textContent = model.get("table").model;
  },
};
