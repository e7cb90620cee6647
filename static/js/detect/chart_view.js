// The card with the chart of the column shown, the window in view and its points as a table.
import { chartKeys } from "../chart/keys.js";
import { SeriesChart } from "../chart/series_chart.js";
import { storedDetection, storedSeries } from "../chart/window_source.js";
import { announce, find, onThemeChange } from "../ui/dom.js";
import { counted, rangeText, styled } from "../ui/format.js";
import { headline } from "./result.js";
import { axisOf, currentDetection, currentSeries, detectorNamed, state } from "./state.js";

/**
 * What the chart shows of a column, and of its detection if there is one.
 * @param {string} column
 * @param {Detection | undefined} detection
 * @param {Label[]} labels
 * @returns {ChartSeries}
 */
export function chartSeries(column, detection, labels) {
  const series = currentSeries();
  const axis = axisOf(series);
  const base = { name: column, hasTimes: axis.hasTimes, step: axis.step, labels: [...state.injected, ...labels] };
  if (!detection) return { ...base, source: storedSeries(series.id, column, axis) };
  return {
    ...base,
    source: storedDetection(detection.id, axis),
    events: detection.events,
    threshold: detection.threshold,
    detector: detectorNamed(detection.detector)?.title ?? detection.detector,
  };
}

export class ChartView {
  /** @type {SeriesChart | null} made when there is something to draw */
  chart = null;
  /** @type {import("../chart/series_chart.js").DrawnWindow | null} */
  window = null;

  /**
   * @param {HTMLElement} root
   * @param {object} options
   * @param {() => void} options.onWindow the window in view changed
   * @param {(event: AnomalyEvent) => void} options.onEvent an event was selected in the chart
   * @param {(start: number, stop: number) => void} options.onLabel positions of an interval to label
   * @param {import("../ui/connection.js").Connection} options.connection
   */
  constructor(root, { onWindow, onEvent, onLabel, connection }) {
    this.root = root;
    this.onWindow = onWindow;
    this.onEvent = onEvent;
    this.onLabel = onLabel;
    this.connection = connection;
    this.plot = find(root, "#plot");
    this.canvas = find(root, "#canvas", HTMLCanvasElement);
    this.windowLine = find(root, "#window");
    this.details = find(root, "#points-details", HTMLDetailsElement);
    this.points = find(root, "#points");
    this.details.addEventListener("toggle", () => this.details.open && this.drawTable());
    onThemeChange(() => this.chart?.paint());
    chartKeys(
      root,
      () => this.chart,
      (event) => this.showEvent(event),
    );
  }

  makeChart() {
    return new SeriesChart(this.canvas, (from, to, window) => this.windowChanged(from, to, window), {
      onEvent: this.onEvent,
      onLabel: this.onLabel,
      legend: find(this.root, "#legend"),
      navigator: true,
      onProblem: (error) => {
        if (error) this.connection.lost(error, () => this.chart?.view(this.chart.from, this.chart.to));
        else this.connection.restored();
      },
    });
  }

  windowChanged(from, to, window) {
    this.window = window;
    const { series, showsAll } = /** @type {SeriesChart} */ (this.chart);
    this.windowLine.textContent = `In view: ${rangeText(from, to, series.hasTimes)}${showsAll ? " (all)" : ""}`;
    if (this.details.open) this.drawTable();
    this.onWindow();
  }

  async drawTable() {
    const { drawWindow } = await import("../chart/points_table.js");
    if (this.window && this.chart) drawWindow(this.points, this.chart.series, this.window);
  }

  /** Draws the column shown; keeps the window if `preserveView`. @param {Label[]} labels */
  draw(labels, { preserveView = false } = {}) {
    this.root.hidden = false;
    this.chart ??= this.makeChart();
    const detection = currentDetection();
    this.chart.show(chartSeries(state.column, detection, labels), { preserveView });
    const result = detection ? `${headline({ events: detection.summary.events })}.` : "No detection yet.";
    this.canvas.setAttribute("aria-label", `Line chart of ${state.column}. ${result}`);
  }

  /** @param {Label[]} labels */
  drawLabels(labels) {
    this.chart?.label([...state.injected, ...labels]);
  }

  /** Draws a second detection of the same column; null removes it. @param {ChartSeries | null} series */
  compare(series) {
    this.chart?.compare(series);
  }

  /** Brings an event into view and announces it. */
  showEvent(event) {
    this.chart?.showEvent(event);
    this.root.scrollIntoView({ block: "nearest" });
    const text = event.explanation ? styled(event.explanation) : counted(event.stop - event.start, "point");
    announce(`In view: ${text}`);
  }

  /** [from, to] of the window in view; null while all is. @returns {[number, number] | null} */
  get partInView() {
    const { chart } = this;
    return chart && !chart.showsAll ? [Math.round(chart.from), Math.round(chart.to)] : null;
  }

  view(from, to) {
    this.chart?.view(from, to);
  }

  scrollIntoView() {
    this.root.scrollIntoView({ block: "nearest" });
  }
}
