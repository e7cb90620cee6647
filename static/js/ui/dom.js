// The few words of DOM that every module needs.

export const byId = (id) => document.getElementById(id);

/** An element with properties (`class`, `on…` handlers, attributes) and children (strings become text). */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/** Says a result to screen readers once the present work is done speaking. */
export function announce(text) {
  byId("announce").textContent = text;
}
