// The parameters of a detector as a form, drawn from GET /api/v1/detectors.
import { element, find } from "./dom.js";
import { label, number } from "./format.js";

const OPEN_PARAMS = 2; // the rest is folded away

/** Why `text` is no value of `param`, as a sentence; "" for a valid one. */
export function invalidReason(param, text) {
  const name = label(param.name);
  const bounds = `from ${number(param.minimum)} to ${number(param.maximum)}`;
  const value = Number(text);
  const kind = param.type === "integer" ? "a whole number" : "a number";
  if (text.trim() === "" || !Number.isFinite(value)) return `${name} must be ${kind} ${bounds}.`;
  if (param.type === "integer" && !Number.isInteger(value)) return `${name} must be a whole number ${bounds}.`;
  if (value < param.minimum || value > param.maximum) return `${name} must lie ${bounds}.`;
  return "";
}

function field(param, value, prefix) {
  const id = `${prefix}-${param.name}`;
  const input = element("input", {
    id,
    name: param.name,
    type: "number",
    value: String(value ?? param.default),
    min: param.minimum,
    max: param.maximum,
    step: param.type === "integer" ? 1 : "any",
    required: true,
    autocomplete: "off",
    "aria-describedby": `${id}-help ${id}-error`,
  });
  const unit = param.unit ? element("span", { class: "unit" }, ` (${param.unit})`) : null;
  const bounds = `From ${number(param.minimum)} to ${number(param.maximum)}, by default ${number(param.default)}.`;
  return element(
    "div",
    { class: "field" },
    element("label", { for: id }, label(param.name), unit),
    input,
    element("p", { class: "field-error", id: `${id}-error`, role: "alert", hidden: true }),
    element("p", { class: "hint", id: `${id}-help` }, `${param.help} ${bounds}`),
  );
}

export class ParameterForm {
  /**
   * @param {HTMLElement} root
   * @param {() => void} onChange
   * @param {string} [prefix] of the ids of its fields
   */
  constructor(root, onChange, prefix = "param") {
    this.root = root;
    this.prefix = prefix;
    /** @type {Param[]} */
    this.params = [];
    root.addEventListener("input", ({ target }) => {
      const { name } = /** @type {HTMLInputElement} */ (target);
      this.showInvalid(name, this.reasonOf(name));
      onChange();
    });
  }

  /**
   * Draws the parameters of `detector` with these values, and the defaults of the others.
   * @param {{params: Param[]}} detector
   * @param {Record<string, any>} [values]
   */
  draw(detector, values = {}) {
    this.params = detector.params;
    const fields = detector.params.map((param) => field(param, values[param.name], this.prefix));
    const rest = fields.slice(OPEN_PARAMS);
    this.root.replaceChildren(...fields.slice(0, OPEN_PARAMS));
    if (!rest.length) return;
    const more = element(
      "details",
      { class: "more" },
      element("summary", {}, `More settings (${rest.length})`),
      element("div", { class: "more-fields" }, ...rest),
    );
    more.open = detector.params
      .slice(OPEN_PARAMS)
      .some(({ name, default: initial }) => (values[name] ?? initial) !== initial);
    this.root.append(more);
  }

  input(name) {
    return find(this.root, `#${this.prefix}-${CSS.escape(name)}`, HTMLInputElement);
  }

  reasonOf(name) {
    return invalidReason(
      this.params.find((param) => param.name === name),
      this.input(name).value,
    );
  }

  /** Shows `sentence` beside the parameter `name`; "" removes it. */
  showInvalid(name, sentence) {
    const input = this.input(name);
    const error = find(this.root, `#${this.prefix}-${CSS.escape(name)}-error`);
    error.textContent = sentence;
    error.hidden = !sentence;
    if (sentence) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  }

  /** Shows what is wrong with each value and focuses the first invalid one; true when all are valid. */
  check() {
    const invalid = this.params.filter(({ name }) => {
      const sentence = this.reasonOf(name);
      this.showInvalid(name, sentence);
      return sentence;
    });
    if (invalid.length) this.focus(invalid[0].name);
    return !invalid.length;
  }

  /** Shows an error about one of these parameters beside it; false when it is about none. */
  showError(error) {
    const name = error.detail?.name;
    if (!this.params.some((param) => param.name === name)) return false;
    this.showInvalid(name, error.message);
    this.focus(name);
    return true;
  }

  focus(name) {
    const input = this.input(name);
    const more = input.closest("details");
    if (more) more.open = true;
    input.focus();
  }

  /** Shows the values in effect. */
  fill(values) {
    for (const { name } of this.params) {
      const input = this.input(name);
      if (values[name] !== undefined && Number(input.value) !== values[name]) input.value = String(values[name]);
      this.showInvalid(name, "");
    }
  }

  /** {name: number} of every parameter. */
  get values() {
    return Object.fromEntries(this.params.map(({ name }) => [name, Number(this.input(name).value)]));
  }
}
