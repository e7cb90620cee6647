// Deletes the stream shown, after a confirmation.
import { requestJson, ServiceError } from "../ui/api.js";
import { announce, find } from "../ui/dom.js";
import { counted } from "../ui/format.js";
import { clearProblem, showProblem } from "../ui/problem.js";
import { DEMO } from "./stream_select.js";

export class DeleteStream {
  name = "";

  /**
   * @param {HTMLElement} root
   * @param {object} options
   * @param {() => string} options.url of the stream
   * @param {() => number | undefined} options.points how many the stream has
   * @param {() => Promise<void>} options.onDeleted shows another stream
   */
  constructor(root, { url, points, onDeleted }) {
    this.url = url;
    this.points = points;
    this.onDeleted = onDeleted;
    this.openButton = find(root, "#delete-open");
    this.confirmation = find(root, "#delete-confirm");
    this.question = find(root, "#delete-question");
    this.cancelButton = find(root, "#delete-no");
    this.problem = find(root, "#delete-problem");
    this.openButton.addEventListener("click", () => this.confirm());
    this.cancelButton.addEventListener("click", () => this.cancel());
    find(root, "#delete-yes").addEventListener("click", () => this.delete());
    this.confirmation.addEventListener("keydown", (event) => event.key === "Escape" && this.cancel());
  }

  /** Another stream is shown. The demo cannot be deleted. @param {string} name */
  show(name) {
    this.name = name;
    clearProblem(this.problem);
    this.confirmation.hidden = true;
    this.openButton.hidden = name === DEMO;
  }

  confirm() {
    const points = this.points();
    const all = points !== undefined && Number.isFinite(points) ? `its ${counted(points, "point")}` : "its points";
    const question = `Delete ${this.name} with ${all}, labels and alerts? This cannot be undone.`;
    this.question.textContent = question;
    this.openButton.hidden = true;
    this.confirmation.hidden = false;
    this.cancelButton.focus();
    announce(question);
  }

  cancel() {
    this.show(this.name);
    this.openButton.focus();
  }

  async delete() {
    const { name } = this;
    clearProblem(this.problem);
    try {
      await requestJson("DELETE", this.url());
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      showProblem(this.problem, error);
      return;
    }
    await this.onDeleted();
    announce(`${name} is deleted.`);
  }
}
