// The form with the column, the detector and its parameters.
import { find, optionsOf } from "../ui/dom.js";
import { ParameterForm } from "../ui/parameter_form.js";
import { clearProblem, showProblem } from "../ui/problem.js";
import { detectorNamed } from "./state.js";

export class SettingsForm {
  /**
   * @param {HTMLFormElement} root
   * @param {{onChange: () => void, onColumn: (name: string) => void, onSubmit: () => void}} events
   */
  constructor(root, { onChange, onColumn, onSubmit }) {
    this.columnField = find(root, "#column-field");
    this.column = find(root, "#column", HTMLSelectElement);
    this.detectorSelect = find(root, "#detector", HTMLSelectElement);
    this.help = find(root, "#detector-help");
    this.hint = find(root, "#detect-hint");
    this.problem = find(root, "#detect-problem");
    this.params = new ParameterForm(find(root, "#params"), onChange);
    this.column.addEventListener("change", () => onColumn(this.column.value));
    this.detectorSelect.addEventListener("change", () => {
      this.drawDetector();
      onChange();
    });
    root.addEventListener("submit", (event) => {
      event.preventDefault();
      onSubmit();
    });
  }

  /**
   * Offers the detectors; name and parameters come from the address.
   * @param {DetectorInfo[]} detectors
   * @param {{detector?: string, params?: Record<string, number>}} address
   */
  offerDetectors(detectors, { detector, params }) {
    const options = optionsOf(detectors.map(({ name, title }) => ({ value: name, text: title })));
    this.detectorSelect.replaceChildren(...options);
    if (detector && detectorNamed(detector)) this.detectorSelect.value = detector;
    this.detectorSelect.disabled = false;
    this.drawDetector(params);
  }

  drawDetector(params = {}) {
    this.help.textContent = this.detector.help;
    this.params.draw(this.detector, params);
  }

  /** Shows the settings of a detection. @param {Detection} detection */
  fill({ detector, params, column }) {
    this.detectorSelect.value = detector;
    this.drawDetector(params);
    this.column.value = column;
  }

  /** @param {string[]} names @param {string} selected */
  offerColumns(names, selected) {
    this.column.replaceChildren(...optionsOf(names.map((name) => ({ value: name, text: name }))));
    this.column.value = selected;
    this.columnField.hidden = names.length < 2;
    this.hint.textContent = "";
  }

  /** The detector selected. @returns {DetectorInfo} */
  get detector() {
    const detector = detectorNamed(this.detectorSelect.value);
    if (!detector) throw new Error("No detector is selected.");
    return detector;
  }

  /** Whether a detection was made with other settings. @param {Detection} detection */
  differsFrom({ detector, params }) {
    const values = Object.entries(this.params.values);
    return this.detector.name !== detector || values.some(([name, value]) => params[name] !== value);
  }

  clearProblem() {
    clearProblem(this.problem);
  }

  /** Shows an error, beside its parameter where it is about one. @param {any} error @param {() => void} retry */
  showProblem(error, retry) {
    if (this.params.showError(error)) return;
    showProblem(this.problem, error, { retry: error.code === "unreachable" ? retry : undefined });
  }
}
