// A detector's parameters as a form, drawn from what GET /api/v1/detectors says of them.
import { element } from "./dom.js";
import { label, number } from "./format.js";

// How many parameters stand open; the rest is one click away.
const SHOWN = 2;

/** What is wrong with `text` as a value of `param`, as a sentence; "" when nothing is. */
export function complaint(param, text) {
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
  const bounds = `From ${number(param.minimum)} to ${number(param.maximum)}, usually ${number(param.default)}.`;
  return element(
    "div",
    { class: "field" },
    element("label", { for: id }, label(param.name), unit),
    input,
    element("p", { class: "field-error", id: `${id}-error`, role: "alert", hidden: true }),
    element("p", { class: "hint", id: `${id}-help` }, `${param.help} ${bounds}`),
  );
}

/** The form of one detector inside `place`. `onChange()` is told of every edit; ids begin with `prefix`. */
export class ParameterForm {
  constructor(place, onChange, prefix = "param") {
    this.place = place;
    this.prefix = prefix;
    this.params = [];
    place.addEventListener("input", (event) => {
      this.complain(event.target.name, this.complaintOf(event.target.name));
      onChange();
    });
  }

  /** Draws the parameters of `detector`, with `values` where given and the defaults elsewhere. */
  draw(detector, values = {}) {
    this.params = detector.params;
    const fields = detector.params.map((param) => field(param, values[param.name], this.prefix));
    const rest = fields.slice(SHOWN);
    this.place.replaceChildren(...fields.slice(0, SHOWN));
    if (!rest.length) return;
    const more = element(
      "details",
      { class: "more" },
      element("summary", {}, `More settings (${rest.length})`),
      element("div", { class: "more-fields" }, ...rest),
    );
    more.open = detector.params.slice(SHOWN).some(({ name, default: usual }) => (values[name] ?? usual) !== usual);
    this.place.append(more);
  }

  input(name) {
    return this.place.querySelector(`#${this.prefix}-${CSS.escape(name)}`);
  }

  complaintOf(name) {
    return complaint(
      this.params.find((param) => param.name === name),
      this.input(name).value,
    );
  }

  /** Shows `sentence` beside the parameter `name`, or takes it away when empty. */
  complain(name, sentence) {
    const input = this.input(name);
    const error = this.place.querySelector(`#${this.prefix}-${CSS.escape(name)}-error`);
    error.textContent = sentence;
    error.hidden = !sentence;
    if (sentence) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  }

  /** Complains of every bad value and goes to the first; true when there is none. */
  check() {
    const bad = this.params.filter(({ name }) => {
      const sentence = this.complaintOf(name);
      this.complain(name, sentence);
      return sentence;
    });
    if (bad.length) this.goTo(bad[0].name);
    return !bad.length;
  }

  /** True when `error` speaks of one of these parameters: then it is shown there. */
  take(error) {
    const name = error.detail?.name;
    if (!this.params.some((param) => param.name === name)) return false;
    this.complain(name, error.message);
    this.goTo(name);
    return true;
  }

  goTo(name) {
    const input = this.input(name);
    const more = input.closest("details");
    if (more) more.open = true;
    input.focus();
  }

  /** Takes the values in effect, where they are others than the fields say. */
  fill(values) {
    for (const { name } of this.params) {
      const input = this.input(name);
      if (values[name] !== undefined && Number(input.value) !== values[name]) input.value = String(values[name]);
      this.complain(name, "");
    }
  }

  /** {name: number} of every parameter. */
  get values() {
    return Object.fromEntries(this.params.map(({ name }) => [name, Number(this.input(name).value)]));
  }
}
