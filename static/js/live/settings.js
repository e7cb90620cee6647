// The detection settings of a stream: shown as they are in effect, changed on Apply.
import { requestJson } from "../ui/api.js";
import { announce, find, optionsOf } from "../ui/dom.js";
import { ParameterForm } from "../ui/parameter_form.js";
import { clearProblem, showProblem } from "../ui/problem.js";
import { DEMO } from "./stream_select.js";

const isSame = (a, b) =>
  a.detector === b.detector &&
  (a.retention_days ?? null) === (b.retention_days ?? null) &&
  Object.entries(a.params).every(([name, value]) => b.params[name] === value);

export class StreamSettings {
  /** @type {DetectorInfo[]} */
  detectors = [];
  /** The stream, as the service has it. @type {any} */
  info = null;

  /**
   * @param {HTMLFormElement} root
   * @param {{url: () => string, onApplied: (info: any) => void}} options
   */
  constructor(root, { url, onApplied }) {
    this.url = url;
    this.onApplied = onApplied;
    this.detectorSelect = find(root, "#detector", HTMLSelectElement);
    this.help = find(root, "#detector-help");
    this.retentionDays = find(root, "#retention-days", HTMLInputElement);
    this.retentionHint = find(root, "#retention-days-hint");
    this.retentionError = find(root, "#retention-days-error");
    this.applyButton = find(root, "#apply", HTMLButtonElement);
    this.applyHint = find(root, "#apply-hint");
    this.undoButton = find(root, "#undo", HTMLButtonElement);
    this.problem = find(root, "#settings-problem");
    this.form = new ParameterForm(find(root, "#params"), () => this.update());
    this.detectorSelect.addEventListener("change", () => {
      this.drawDetector();
      this.update();
    });
    this.retentionDays.addEventListener("input", () => {
      this.checkRetention();
      this.update();
    });
    root.addEventListener("submit", (event) => {
      event.preventDefault();
      this.apply();
    });
    this.undoButton.addEventListener("click", () => this.reset());
  }

  /** @param {DetectorInfo[]} detectors */
  offer(detectors) {
    this.detectors = detectors;
    this.detectorSelect.replaceChildren(
      ...optionsOf(detectors.map(({ name, title }) => ({ value: name, text: title }))),
    );
    this.detectorSelect.disabled = false;
  }

  /** Shows a stream; what a person is changing stays. */
  show(info) {
    const { isEdited } = this;
    const isOther = !this.info || this.info.name !== info.name;
    const isChanged = isOther || !isSame(this.info, info);
    this.info = info;
    if (isOther || (isChanged && !isEdited)) this.reset();
    else this.update();
  }

  clearProblem() {
    clearProblem(this.problem);
  }

  /** Shows what is in effect. */
  reset() {
    const { info } = this;
    this.detectorSelect.value = info.detector;
    this.drawDetector(info.params);
    const hasNoTimes = info.name === DEMO || (info.cursor > 0 && info.last_time === null);
    this.retentionDays.value = info.retention_days ?? "";
    this.retentionDays.disabled = hasNoTimes;
    this.retentionHint.textContent = hasNoTimes
      ? "Only points with times can be deleted by age."
      : "Older points are deleted permanently. Empty: points never expire.";
    this.checkRetention();
    this.update();
  }

  /** Shows an invalid number of days; whether it is valid. */
  checkRetention() {
    const { valid } = this.retentionDays.validity;
    this.retentionError.hidden = valid;
    this.retentionError.textContent = valid ? "" : "Days must lie from 0.001 to 36,500; leave it empty for never.";
    this.retentionDays.setAttribute("aria-invalid", String(!valid));
    return valid;
  }

  drawDetector(params = {}) {
    const detector = this.detectors.find(({ name }) => name === this.detectorSelect.value);
    this.help.textContent = detector?.help ?? "";
    if (detector) this.form.draw(detector, params);
  }

  get choice() {
    const { value } = this.retentionDays;
    return {
      detector: this.detectorSelect.value,
      params: this.form.values,
      retention_days: value === "" ? null : Number(value),
    };
  }

  get isEdited() {
    return this.info !== null && !isSame(this.choice, this.info);
  }

  update() {
    const { isEdited } = this;
    this.undoButton.disabled = !isEdited;
    this.applyButton.disabled = !isEdited;
    this.applyHint.textContent = isEdited
      ? "Changed, not in effect yet."
      : "In effect for each new point, for everyone who watches this stream. Earlier points keep their scores.";
  }

  async apply() {
    clearProblem(this.problem);
    if (!this.isEdited || !this.form.check()) return;
    if (!this.checkRetention()) {
      this.retentionDays.focus();
      return;
    }
    const { name } = this.info;
    this.applyHint.textContent = "Applying…";
    try {
      const body = JSON.stringify(this.choice);
      const info = await requestJson("PUT", this.url(), { body, headers: { "Content-Type": "application/json" } });
      if (this.info.name !== name) return;
      this.info = info;
      this.reset();
      announce("The new settings are in effect from the next point on.");
      this.onApplied(info);
    } catch (error) {
      if (!this.form.showError(error)) showProblem(this.problem, error);
      this.update();
    }
  }
}
