// The detector of a stream and its parameters: shown as the service has them, changed when a person says so.
import { ask } from "../ui/api.js";
import { announce, byId, element } from "../ui/dom.js";
import { ParameterForm } from "../ui/parameter_form.js";
import { clearProblem, showProblem } from "../ui/problem.js";

const same = (a, b) =>
  a.detector === b.detector &&
  (a.retention_days ?? null) === (b.retention_days ?? null) &&
  Object.entries(a.params).every(([name, value]) => b.params[name] === value);

export class StreamSettings {
  /** `urlOf()` is the address of the stream shown; `onChanged(info)` is told how the service has it now. */
  constructor(urlOf, onChanged) {
    Object.assign(this, { urlOf, onChanged, detectors: [], info: null });
    this.form = new ParameterForm(byId("params"), () => this.tell());
    byId("detector").addEventListener("change", () => {
      this.draw();
      this.tell();
    });
    this.days = byId("retention-days");
    this.days.addEventListener("input", () => {
      this.complain();
      this.tell();
    });
    byId("settings").addEventListener("submit", (event) => {
      event.preventDefault();
      this.apply();
    });
    byId("undo").addEventListener("click", () => this.reset());
  }

  offer(detectors) {
    this.detectors = detectors;
    byId("detector").replaceChildren(...detectors.map(({ name, title }) => element("option", { value: name }, title)));
    byId("detector").disabled = false;
  }

  /** Takes what the service says of the stream; what a person is just changing stays as it is. */
  show(info) {
    const edited = this.edited;
    const other = !this.info || this.info.name !== info.name;
    const changed = other || !same(this.info, info);
    this.info = info;
    if (other || (changed && !edited)) this.reset();
    else this.tell();
  }

  /** Back to what is in effect. */
  reset() {
    byId("detector").value = this.info.detector;
    this.draw(this.info.params);
    const counted = this.info.cursor > 0 && this.info.last_time === null;
    const timeless = this.info.name === "demo" || counted;
    this.days.value = this.info.retention_days ?? "";
    this.days.disabled = timeless;
    byId("retention-days-hint").textContent = timeless
      ? "Only points that come with times can be forgotten by age."
      : "Older points are deleted for good. Empty: none is deleted for its age.";
    this.complain();
    this.tell();
  }

  /** Says what is wrong with the days; whether nothing is. */
  complain() {
    const { valid } = this.days.validity;
    const place = byId("retention-days-error");
    place.hidden = valid;
    place.textContent = valid ? "" : "Days must lie from 0.001 to 36,500; leave it empty for never.";
    this.days.setAttribute("aria-invalid", String(!valid));
    return valid;
  }

  draw(params) {
    const detector = this.detectors.find(({ name }) => name === byId("detector").value);
    byId("detector-help").textContent = detector?.help ?? "";
    if (detector) this.form.draw(detector, params);
  }

  get choice() {
    return {
      detector: byId("detector").value,
      params: this.form.values,
      retention_days: this.days.value === "" ? null : Number(this.days.value),
    };
  }

  get edited() {
    return this.info !== null && !same(this.choice, this.info);
  }

  tell() {
    const { edited } = this;
    byId("undo").disabled = !edited;
    byId("apply").disabled = !edited;
    byId("apply-hint").textContent = edited
      ? "Changed, not in effect yet."
      : "In effect for each new point, for everyone who watches this stream; points judged before stay as they are.";
  }

  async apply() {
    clearProblem("settings-problem");
    if (!this.edited || !this.form.check()) return;
    if (!this.complain()) {
      this.days.focus();
      return;
    }
    const asked = this.info.name;
    byId("apply-hint").textContent = "Being put in effect…";
    try {
      const body = JSON.stringify(this.choice);
      const info = await ask("PUT", this.urlOf(), { body, headers: { "Content-Type": "application/json" } });
      if (this.info.name !== asked) return;
      this.info = info;
      this.reset();
      announce("The new settings are in effect from the next point on.");
      this.onChanged(info);
    } catch (error) {
      if (!this.form.take(error)) showProblem("settings-problem", error);
      this.tell();
    }
  }
}
