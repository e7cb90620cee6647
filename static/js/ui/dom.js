// The few words of DOM that every module needs.

export const byId = (id) => document.getElementById(id);

/**
 * The first element within `root` that `selector` matches. Throws where there is none, or none of this `kind`: a
 * template that lacks a part of a component fails when the component is made.
 * @template {Element} [T=HTMLElement]
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => T} [kind]
 * @returns {T}
 */
export function find(root, selector, kind = /** @type {any} */ (HTMLElement)) {
  const part = root.querySelector(selector);
  if (!(part instanceof kind)) throw new Error(`The page has no ${kind.name} ${selector}.`);
  return part;
}

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
