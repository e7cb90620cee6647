// The card to export results, and to delete the data.
import { runBusy } from "../ui/busy.js";
import { find } from "../ui/dom.js";
import { clearProblem, showProblem } from "../ui/problem.js";
import { copyText, curlCommands, pngName, saveFile, saveResults } from "./export.js";
import { deleteSeries } from "./resources.js";
import { currentDetection, currentSeries, state } from "./state.js";

const NO_FILTER = { min_points: 1, min_abs_deviation: 0, min_rel_deviation: 0, direction: "both" };

export class ExportCard {
  /**
   * @param {HTMLElement} root
   * @param {object} options
   * @param {HTMLDialogElement} options.dialog confirms a deletion
   * @param {() => string} options.address of what is shown
   * @param {() => boolean} options.hasAnomaly whether labels may have changed the fit
   * @param {() => Promise<Blob | undefined>} options.png
   */
  constructor(root, { dialog, address, hasAnomaly, png }) {
    this.root = root;
    this.dialog = dialog;
    this.address = address;
    this.hasAnomaly = hasAnomaly;
    this.png = png;
    this.problem = find(root, "#download-problem");
    this.curl = find(root, "#curl");
    this.curlStored = find(root, "#curl-stored");
    this.curlStoredBlock = find(root, "#curl-stored-block");
    const on = (selector, act) => find(root, selector).addEventListener("click", () => this.attempt(act));
    on("#download", () => this.saveResults("csv"));
    on("#download-json", () => this.saveResults("json"));
    on("#download-png", () => this.savePng());
    on("#copy-link", () => copyText(new URL(this.address(), location.href).href, "The link is copied."));
    on("#copy", () => copyText(this.curl.textContent ?? "", "Copied."));
    on("#delete", () => this.delete());
  }

  async attempt(act) {
    clearProblem(this.problem);
    try {
      await act();
    } catch (error) {
      showProblem(this.problem, error);
    }
  }

  /** @param {Detection} detection */
  show(detection) {
    const { source, column } = state;
    const isUnfiltered = Object.entries(NO_FILTER).every(([name, value]) => detection.event_filter[name] === value);
    const reproducible = isUnfiltered && !this.hasAnomaly();
    const commands = curlCommands({ source, detection, column, origin: location.origin, reproducible });
    this.curl.textContent = commands.fromData || commands.stored;
    this.curlStored.textContent = commands.stored;
    this.curlStoredBlock.hidden = !commands.fromData;
    this.root.hidden = false;
  }

  hide() {
    this.root.hidden = true;
  }

  /** @param {"csv" | "json"} format */
  saveResults(format) {
    const detection = currentDetection();
    if (!detection) return undefined;
    return runBusy("Preparing the file", ({ signal }) => saveResults(detection, format, currentSeries().name, signal));
  }

  async savePng() {
    const png = await this.png();
    if (png) saveFile(png, pngName(currentSeries().name));
  }

  async delete() {
    const series = currentSeries();
    const question = `Delete “${series.name}”, its results and your labels from the service? This cannot be undone.`;
    if (!(await this.confirm(question))) return;
    await deleteSeries(series.id);
    location.assign(location.pathname);
  }

  /** @returns {Promise<boolean>} */
  confirm(question) {
    const { dialog } = this;
    find(dialog, "#confirm-question").textContent = question;
    dialog.returnValue = "";
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
    });
  }
}
