// What all our front ends are written with: elements, and users' texts in them.
// Comments stand on lines of their own, since these lines are left out where the module is loaded.

// An element with its properties: `class`, `on…` and what has a hyphen as such, others as the element's own.
function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "class") made.className = value;
    else if (name === "role" || name.includes("-")) made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

// A user's text, kept apart from the direction of what is around it, and as text whatever it holds.
function isolated(text, className) {
  return element("bdi", className ? { class: className } : {}, text);
}
