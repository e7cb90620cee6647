// Shared helpers for the DOM.

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

/**
 * An element with properties (`class`, `on…` handlers, attributes) and children (strings become text).
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, any>} [properties]
 * @param {...(Node | string | number | null | undefined | false)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children) {
    if (child !== null && child !== undefined && child !== false) made.append(/** @type {any} */ (child));
  }
  return made;
}

const SVG = "http://www.w3.org/2000/svg";

/**
 * An SVG element with attributes and children.
 * @param {string} tag
 * @param {Record<string, any>} [attributes]
 * @param {...(Node | string)} children
 */
export function svgElement(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Options of a select element. @param {{value: string, text: string}[]} options */
export const optionsOf = (options) => options.map(({ value, text }) => element("option", { value }, text));

/** Reads `text` to users of screen readers, once they have heard what comes before. @param {string} text */
export function announce(text) {
  find(document, "#announce").textContent = text;
}

/** Calls `listener` when the colours of the page change. @param {() => void} listener */
export function onThemeChange(listener) {
  document.documentElement.addEventListener("themechange", listener);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", listener);
}
