// Runs detections and shows their results: by the form, of all columns, with another threshold, after retraining.
import { runBusy } from "../ui/busy.js";
import { announce } from "../ui/dom.js";
import { clearProblem, showProblem } from "../ui/problem.js";
import { follow, jobProgress } from "./job.js";
import { getDetection, rethreshold, startDetection } from "./resources.js";
import { thresholdText } from "./result.js";
import { thresholdParam } from "./sensitivity.js";
import { axisOf, currentDetection, currentSeries, detectorNamed, lengthOf, state } from "./state.js";

/** Parameters that apply to stored scores, without a fit. */
const adjustable = (detector) => ["merge_gap", thresholdParam(detector)?.name];

/** The `params` other than those of a detection, where they need no fit; null where they do, or none differs. */
export function adjustedParams(detection, detector, params) {
  if (!detection || detection.detector !== detector.name) return null;
  const names = Object.keys(params).filter((name) => params[name] !== detection.params[name]);
  if (!names.length || !names.every((name) => adjustable(detector).includes(name))) return null;
  return Object.fromEntries(names.map((name) => [name, params[name]]));
}

/**
 * @typedef {object} DetectionParts
 * @property {import("./settings_form.js").SettingsForm} settings
 * @property {import("./result.js").ResultCard} resultCard
 * @property {import("./chart_view.js").ChartView} chartView
 * @property {import("./sensitivity.js").SensitivityCard} sensitivity
 * @property {import("./labels_card.js").LabelsCard} labelsCard
 * @property {import("./export_card.js").ExportCard} exportCard
 * @property {import("../ui/event_table.js").EventTable} eventTable
 * @property {HTMLElement} eventsCard
 * @property {HTMLElement} thresholdHint
 * @property {HTMLElement} columnsProblem
 * @property {import("../ui/connection.js").Connection} connection
 */

export class DetectionView {
  /** @type {import("./comparison.js").Comparison | null} */
  comparison = null;

  /**
   * @param {DetectionParts} parts
   * @param {{onColumns: () => void, onShown: () => void}} events `onColumns`: the state of a column changed
   */
  constructor(parts, { onColumns, onShown }) {
    this.parts = parts;
    this.onColumns = onColumns;
    this.onShown = onShown;
  }

  /** Detects in a column and waits; undefined when cancelled. */
  run(label, column, detector, params = {}) {
    const { connection } = this.parts;
    return runBusy(label, async ({ signal, onStage }) => {
      const job = await startDetection(currentSeries().id, { column, detector, params }, { signal });
      return follow(job, { signal, onProgress: jobProgress(onStage), connection });
    });
  }

  /** A stored detection, once it is done. @param {string} id */
  open(id) {
    const { connection } = this.parts;
    return runBusy("Opening the results", async ({ signal, onStage }) =>
      follow(await getDetection(id, { signal }), { signal, onProgress: jobProgress(onStage), connection }),
    );
  }

  hide() {
    const { resultCard, sensitivity, eventsCard, labelsCard, exportCard } = this.parts;
    for (const card of [resultCard, sensitivity, labelsCard, exportCard]) card.hide();
    eventsCard.hidden = true;
    this.comparison?.end();
  }

  /** Detects with the settings of the form. */
  async detect() {
    const { settings, labelsCard } = this.parts;
    settings.clearProblem();
    if (!state.series) {
      settings.showProblem({ message: "Load data first: upload a CSV file or load demo data." }, () => {});
      return;
    }
    if (!settings.params.check()) return;
    const { detector } = settings;
    const { values } = settings.params;
    const { column } = state;
    const before = currentDetection();
    try {
      const params = adjustedParams(before, detector, values);
      const detection =
        before && params
          ? await rethreshold(before.id, { params })
          : await this.run("Detecting anomalies", column, detector.name, values);
      if (!detection) return;
      if (!params) labelsCard.store.forgetRestoreSteps(column);
      this.add(detection, column);
    } catch (error) {
      settings.showProblem(error, () => this.detect());
    }
  }

  /** A new detection of a column. */
  add(detection, column) {
    state.detections.set(column, detection);
    this.onColumns();
    if (column !== state.column) return;
    this.comparison?.end();
    this.parts.labelsCard.hideRetrainResult();
    this.show();
    this.scrollToResult();
    announce(this.parts.resultCard.text);
  }

  /** Shows the detection of the column, and keeps the window in view if `preserveView`. */
  show({ preserveView = true } = {}) {
    const detection = currentDetection();
    const detector = detection && detectorNamed(detection.detector);
    if (!detection || !detector) return;
    const { resultCard, chartView, sensitivity, labelsCard, eventsCard, thresholdHint } = this.parts;
    const series = currentSeries();
    const { column } = state;
    chartView.draw(labelsCard.labels, { preserveView });
    resultCard.show(detection, { column, columns: series.columns.filter((name) => !state.detections.has(name)) });
    thresholdHint.textContent = thresholdText(detection);
    sensitivity.show(detection, detector, { length: lengthOf(series), points: series.points });
    this.drawEvents();
    eventsCard.hidden = false;
    labelsCard.show();
    this.onShown();
  }

  drawEvents() {
    const detection = currentDetection();
    if (!detection) return;
    const { hasTimes } = axisOf(currentSeries());
    this.parts.eventTable.draw(detection.events, { total: detection.summary.events, hasTimes });
  }

  /** Applies another threshold or event filter to the detection shown. */
  async adjust(changes) {
    const { sensitivity, settings } = this.parts;
    sensitivity.clearProblem();
    const before = currentDetection();
    const { column } = state;
    if (!before) return;
    try {
      const detection = await rethreshold(before.id, changes);
      if (currentDetection() !== before) return;
      state.detections.set(column, detection);
      settings.params.fill(detection.params);
      this.show();
      this.onColumns();
    } catch (error) {
      sensitivity.draw();
      sensitivity.showProblem(error);
    }
  }

  async detectColumn(name) {
    this.showColumn(name);
    if (!currentDetection()) await this.detect();
  }

  /** Shows another column. @param {string} name */
  showColumn(name) {
    const { settings, chartView, labelsCard } = this.parts;
    state.column = name;
    settings.column.value = name;
    this.comparison?.end();
    if (currentDetection()) this.show({ preserveView: false });
    else {
      this.hide();
      chartView.draw(labelsCard.labels);
      this.onShown();
    }
    this.onColumns();
  }

  /** Detects in every column without a detection, one after another, until cancelled. */
  async detectAll() {
    const { settings, columnsProblem } = this.parts;
    clearProblem(columnsProblem);
    if (!settings.params.check()) return;
    const series = currentSeries();
    const { name } = settings.detector;
    const columns = series.columns.filter((column) => !state.detections.has(column));
    try {
      for (const [k, column] of columns.entries()) {
        state.running = column;
        this.onColumns();
        const label = `Detecting in “${column}”, ${k + 1} of ${columns.length}`;
        const detection = await this.run(label, column, name, settings.params.values);
        if (!detection || series !== state.series) break;
        state.detections.set(column, detection);
        if (column === state.column) this.show();
      }
    } catch (error) {
      showProblem(columnsProblem, error);
    }
    state.running = null;
    this.onColumns();
  }

  /** Fits again without labelled anomalies, and shows what that changed. */
  async retrain() {
    const { labelsCard, chartView } = this.parts;
    clearProblem(labelsCard.problem);
    const before = currentDetection();
    const { column } = state;
    if (!before) return;
    try {
      const fitted = await this.run("Retraining without labelled anomalies", column, before.detector, before.params);
      const detection = fitted && (await rethreshold(fitted.id, { event_filter: before.event_filter }));
      if (!detection || currentDetection()?.id !== before.id) return;
      this.add(detection, column);
      await labelsCard.showRetrained(before, detection, {
        onSelect: (event) => chartView.chart?.showEvent(event),
        restore: () => this.restore(before, column),
      });
    } catch (error) {
      showProblem(labelsCard.problem, error);
    }
  }

  /** Brings back an earlier detection of a column. */
  restore(detection, column) {
    if (state.column !== column) this.showColumn(column);
    this.add(detection, column);
  }

  /** Scrolls the result and as much of the chart as fits into view, and focuses the chart. */
  scrollToResult() {
    const { resultCard, chartView } = this.parts;
    // Whoever pressed Enter in a field stays there, to change it again.
    if (!document.activeElement?.matches("input, select")) chartView.plot.focus({ preventScroll: true });
    const { top } = resultCard.root.getBoundingClientRect();
    const { bottom } = chartView.plot.getBoundingClientRect();
    const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "instant" : "smooth";
    if (top < 0 || bottom > innerHeight) resultCard.root.scrollIntoView({ behavior });
  }
}
