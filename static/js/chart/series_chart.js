// The chart of a series: actual and expected values, the band, the anomalies, and the window of it in view.
import { announce } from "../ui/dom.js";
import { number } from "../ui/format.js";
import { Gestures } from "./gestures.js";
import { drawLegend } from "./legend.js";
import { linesOf, positionsIn, rowAt } from "./lines.js";
import { colours } from "./palette.js";
import { nearest, peaksOf, positionsOf, spanOf } from "./positions.js";
import { fill, paint, plotOn, yRange } from "./plot.js";
import { scoreLines, timeText } from "./tooltip.js";
import { inMemory, WindowLoader } from "./windows.js";

const MAX_BUCKETS = 1000; // two points each: at most 2,000 points a line
const CLICK_REACH = 8; // pixels from a click to the event it selects
/** @type {Positions} */
const NO_POSITIONS = { items: [], from: new Float64Array(), to: new Float64Array() };
const NO_LINES = { value: [], expected: [], upper: [], lower: [], dots: [] };

const labelOf = (label) => (Array.isArray(label) ? { start: label[0], stop: label[1], kind: "injected" } : label);

/** Whether there is a band; before a detection there may be one. @param {Partial<Rows>} rows */
const hasBand = ({ lower }) => lower?.some((edge) => !Number.isNaN(edge)) ?? true;

/**
 * The same rows for another threshold, shown until the rows of the new detection arrive.
 * @param {Rows} rows
 * @param {ChartSeries} series
 * @returns {Rows}
 */
function withThreshold(rows, { threshold = Infinity }) {
  const above = Array.from(rows.x.keys()).filter((k) => (rows.score?.[k] ?? NaN) > threshold);
  return { ...rows, flagged: Int32Array.from(above), peaks: new Int32Array(), stale: true };
}

/**
 * @typedef {object} ChartOptions
 * @property {(event: AnomalyEvent) => void} [onEvent] an event was clicked
 * @property {(start: number, stop: number, range: {from: number, to: number}) => void} [onLabel] an interval of
 *   positions was drawn to be labelled
 * @property {(error: any) => void} [onProblem] rows could not be loaded; null: they could again
 * @property {HTMLElement | null} [legend] the list that shows the legend
 * @property {boolean} [navigator] whether a strip of the complete series is drawn below
 */

/** @typedef {{rows: Rows, x: Float64Array, from: number, to: number, start: number, stop: number, buckets: number}} DrawnWindow */

/** @typedef {{series: ChartSeries, windows: WindowLoader, peaks: {x: Float64Array, y: Float64Array}}} DrawnSeries */

export class SeriesChart {
  /** @type {any} */
  series = null;
  /** @type {DrawnSeries | null} the series that it is compared with */
  other = null;
  /** @type {any} of `series` */
  windows = null;
  /** @type {any} the rows drawn last */
  rows = null;
  /** @type {Rows | null} rows of the detection before, until the new ones arrive */
  stale = null;
  /** The window in view. @type {any} */
  from = undefined;
  /** @type {any} */
  to = undefined;
  /** The axis: its first and last point. @type {[number, number]} */
  full = [0, 0];
  minRange = 0;
  /** Whether drawing with the pointer labels an interval; otherwise it zooms. */
  marking = false;
  /** @type {number | null} where the keys are on the axis */
  cursor = null;
  /** @type {number | null} */
  labelStart = null;
  /** @type {any[] | undefined} */
  legendState = undefined;
  /** @type {any} */
  navigator = null;
  frame = 0;
  /** @type {any} what `fill` drew last */
  filled = null;
  peaks = { x: new Float64Array(), y: new Float64Array() };

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {(from: number, to: number, window: DrawnWindow) => void} onWindow is called after each drawing
   * @param {ChartOptions} [options]
   */
  constructor(canvas, onWindow, { onEvent, onLabel, onProblem, legend = null, navigator = false } = {}) {
    this.canvas = canvas;
    this.frameElement = /** @type {HTMLElement} */ (canvas.parentElement);
    this.onWindow = onWindow;
    this.onEvent = onEvent;
    this.onLabel = onLabel;
    this.onProblem = onProblem;
    this.legend = legend;
    this.marks = {
      /** @type {AnomalyEvent[]} */
      events: [],
      positions: NO_POSITIONS,
      /** @type {Record<string, Positions>} */
      labels: {},
      /** @type {any} */
      chosen: null,
      colours: colours(),
    };
    this.chart = plotOn(canvas, this.marks, {
      hasTimes: () => this.series?.hasTimes,
      title: (k) => timeText(this.rows, k, this.series.hasTimes),
      lines: (k) => this.describe(k),
      onResize: () => this.scheduleDraw(),
    });
    this.gestures = new Gestures(canvas, this);
    if (navigator) this.addNavigator();
    addEventListener("beforeprint", () => this.paint(true));
    addEventListener("afterprint", () => this.paint());
    this.paint();
  }

  /** Loads the strip's code: not every page has one. */
  async addNavigator() {
    const { Navigator } = await import("./navigator.js");
    this.navigator = new Navigator(this, this.frameElement);
    this.scheduleDraw();
  }

  /**
   * Shows another series, or the same with its results; keeps the window if `preserveView`.
   * @param {ChartSeries} series
   */
  show(series, { preserveView = false } = {}) {
    this.windows?.close();
    this.stale = preserveView && series.source && this.rows ? withThreshold(this.rows, series) : null;
    this.series = series;
    this.windows = this.loaderOf(series);
    const events = series.events ?? [];
    Object.assign(this.marks, { events, positions: positionsOf(series, events), chosen: null });
    this.peaks = peaksOf(series, events);
    this.label(series.labels ?? []);
    this.extend(this.windows.source.extent);
    this.windows.loadOverall();
    if (preserveView && this.from !== undefined) this.view(this.from, this.to);
    else this.view(...this.full);
  }

  extend([first, last]) {
    const { step, hasTimes } = this.series;
    const half = first === last ? Math.max(step, 1) : 0;
    this.full = [first - half, last + half];
    this.minRange = Math.min(this.full[1] - this.full[0], 4 * Math.max(step, hasTimes ? 1e-3 : 1));
  }

  /** @param {ChartSeries} series */
  loaderOf(series) {
    const onRows = () => {
      this.onProblem?.(null);
      this.label(this.series.labels);
    };
    const onError = (error) => {
      this.updateFetching();
      this.onProblem?.(error);
    };
    return new WindowLoader(series.source ?? inMemory(series), onRows, onError);
  }

  /**
   * Draws a second detection of the same series, in another colour and shape; null removes it.
   * @param {ChartSeries | null} series
   */
  compare(series) {
    this.other?.windows.close();
    this.other = series && { series, windows: this.loaderOf(series), peaks: peaksOf(series, series.events ?? []) };
    this.other?.windows.loadOverall();
    this.scheduleDraw();
  }

  /** Draws these labels. @param {ChartSeries["labels"]} labels */
  label(labels) {
    this.series.labels = labels;
    const rows = this.windows.overall; // labels of a series that is not in memory wait for it
    const all = rows ? labels.map(labelOf).toSorted((a, b) => a.start - b.start) : [];
    const kinds = Object.groupBy(all, ({ kind }) => kind);
    this.marks.labels = Object.fromEntries(
      Object.entries(kinds).map(([kind, items]) => [kind, positionsOf(this.series, items ?? [], rows)]),
    );
    this.scheduleDraw();
  }

  get showsAll() {
    return this.from <= this.full[0] && this.to >= this.full[1];
  }

  /**
   * Brings from..to of the axis into view, as far as there is data.
   * @param {number} from
   * @param {number} to
   */
  view(from, to) {
    const width = Math.min(this.full[1] - this.full[0], Math.max(to - from, this.minRange));
    const middle = (from + to) / 2;
    this.from = Math.max(this.full[0], Math.min(this.full[1] - width, middle - width / 2));
    this.to = this.from + width;
    for (const { windows } of this.drawn) windows.load(this.from, this.to, this.buckets);
    this.scheduleDraw();
  }

  /** The series, and the one that it is compared with. @returns {DrawnSeries[]} */
  get drawn() {
    const own = { series: this.series, windows: this.windows, peaks: this.peaks };
    return this.other ? [own, this.other] : [own];
  }

  get buckets() {
    return Math.max(100, Math.min(MAX_BUCKETS, Math.round(this.chart.chartArea?.width || this.chart.width || 600)));
  }

  /** Zooms around the middle: a factor below 1 shows less. @param {number} factor */
  zoom(factor) {
    const middle = (this.from + this.to) / 2;
    const half = ((this.to - this.from) / 2) * factor;
    this.view(middle - half, middle + half);
  }

  /** Moves by a fraction of the window; below 0 is to earlier. @param {number} fraction */
  pan(fraction) {
    const by = (this.to - this.from) * fraction;
    this.view(this.from + by, this.to + by);
  }

  reset() {
    this.view(...this.full);
  }

  /**
   * Brings an event into view with its surroundings, and marks it.
   * @param {Interval & Partial<AnomalyEvent>} event
   */
  showEvent(event) {
    const [start, stop] = spanOf(this.series, event);
    const step = this.series.step || (this.full[1] - this.full[0]) / (this.rows?.x.length ?? MAX_BUCKETS);
    const margin = Math.max((stop - start) * 1.5, step * 40);
    this.marks.chosen = event;
    this.view(start - margin, stop + margin);
  }

  /** Selects the event near a point of the axis that was clicked. @param {number} at */
  selectAt(at) {
    const event = nearest(this.marks.positions, at, (CLICK_REACH / this.area.width) * (this.to - this.from));
    if (!event || !this.onEvent) return;
    this.marks.chosen = event;
    this.scheduleDraw();
    this.onEvent(event);
  }

  /** An interval was drawn with the pointer: labels it, or zooms to it. */
  selectRange(from, to) {
    if (this.marking) this.labelRange(from, to);
    else this.view(from, to);
  }

  labelRange(from, to) {
    const [start, stop] = positionsIn(this.rows, this.series.step, from, to);
    if (stop > start) this.onLabel?.(start, stop, { from, to });
  }

  /** Moves the cursor of the keys by `steps` drawn points, and announces the point there. @param {number} steps */
  moveCursor(steps) {
    const points = this.chart.data.datasets[0].data.filter(({ gap }) => !gap);
    if (!points.length) return;
    const before = steps > 0 ? -1 : points.length;
    const now = this.cursor === null ? before : rowAt({ x: points.map(({ x }) => x) }, this.cursor);
    const { x, i } = points[Math.max(0, Math.min(points.length - 1, now + steps))];
    this.cursor = x;
    this.showCursor();
    announce([timeText(this.rows, i, this.series.hasTimes), ...this.describe(i)].join(", "));
  }

  /** Starts an interval to label at the cursor, or ends it there. @param {"start" | "end"} end */
  labelFromCursor(end) {
    if (!this.onLabel || this.cursor === null) return;
    if (end === "start") {
      this.labelStart = this.cursor;
      announce("The interval starts here. Move on and press E where it ends.");
    } else if (this.labelStart !== null) {
      this.labelRange(Math.min(this.labelStart, this.cursor), Math.max(this.labelStart, this.cursor));
    }
  }

  /** Shows the tooltip of the point at the cursor. */
  showCursor() {
    const { chart } = this;
    const { data } = chart.data.datasets[0];
    const index = data.findIndex(({ x, gap }) => x === this.cursor && !gap);
    const active = index < 0 ? [] : [{ datasetIndex: 0, index }];
    const { x, y } = chart.getDatasetMeta(0).data[index] ?? {};
    chart.setActiveElements(active);
    chart.tooltip.setActiveElements(active, { x, y });
    chart.render();
  }

  get area() {
    return this.chart.chartArea;
  }

  scheduleDraw() {
    if (this.frame || !this.series) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  draw() {
    const { from, to, buckets } = this;
    const lines = ({ windows, peaks }, rows) => {
      windows.load(from, to, buckets);
      return rows && linesOf(rows, from, to, buckets, peaks);
    };
    const [first, second] = this.drawn;
    const own = lines(first, this.rowsToDraw());
    this.frameElement.classList.toggle("waiting", !own);
    if (!own) return;
    const other = second && lines(second, second.windows.best(from, to));
    this.rows = own.window.rows;
    const { start, stop } = own.window;
    const all = { ...own, otherExpected: other?.expected ?? [], otherDots: other?.dots ?? [] };
    this.filled = [all, { from, to, pointsInView: this.pointsInView(start, stop), range: this.yRange(all) }];
    fill(this.chart, this.filled[0], this.filled[1]);
    if (this.cursor !== null) this.showCursor();
    this.drawLegend();
    this.navigator?.update();
    this.onWindow(from, to, own.window);
    this.canvas.dispatchEvent(new CustomEvent("drawn", { detail: { settled: !this.updateFetching() } }));
  }

  /** Whether finer rows are on their way. The plot's class shows it too, for those who wait for them, as tests do. */
  updateFetching() {
    const busy = this.drawn.some(({ windows }) => windows.busy);
    this.frameElement.classList.toggle("fetching", busy);
    return busy;
  }

  /** The rows to draw: those of the detection before only while they are finer than what has arrived of this one. */
  rowsToDraw() {
    const { from, to, stale } = this;
    const fresh = this.windows.best(from, to);
    if (!stale || (fresh && fresh.width <= stale.width)) {
      this.stale = null;
      return fresh;
    }
    return !fresh || (stale.from <= from && stale.to >= to) ? stale : fresh;
  }

  /** How many points are in view, of which fewer rows may be drawn. */
  pointsInView(start, stop) {
    const { positions } = this.rows;
    return positions ? positions[stop - 1] - positions[start] + 1 : stop - start;
  }

  /** The y axis. */
  yRange(lines) {
    return yRange({ ...NO_LINES, ...lines });
  }

  drawLegend() {
    if (!this.legend) return;
    const state = [
      this.series,
      Boolean(this.rows.expected),
      hasBand(this.rows),
      this.other?.series,
      this.legendOther?.banded,
      this.series.labels,
    ];
    if (this.legendState?.every((each, k) => each === state[k])) return;
    this.legendState = state;
    drawLegend(this.legend, this.legendSeries, this.legendOther);
  }

  /** The series for the legend: with its band, and `expected` after a detection. */
  get legendSeries() {
    return { ...this.series, expected: this.rows.expected, banded: hasBand(this.rows) };
  }

  /** The second series for the legend; null where there is none. */
  get legendOther() {
    const rows = this.other?.windows.overall;
    return this.other && { ...this.other.series, banded: rows ? hasBand(rows) : undefined };
  }

  /** A PNG of what is shown, with title and legend, on white. @returns {Promise<Blob>} */
  async png() {
    const { pngOf } = await import("./export_png.js");
    return pngOf(this);
  }

  /** Row `k` in lines of text. @param {number} k */
  describe(k) {
    const lines = [`Value ${number(this.rows.values[k])}`];
    if (this.rows.expected) {
      const event = nearest(this.marks.positions, this.rows.x[k], 0);
      lines.push(...scoreLines(this.series, this.rows, k, this.severity(k), event));
    }
    return [...lines, ...this.describeOther(k)];
  }

  describeOther(k) {
    if (!this.other) return [];
    const { series, windows } = this.other;
    const rows = windows.best(this.from, this.to);
    const row = rows ? rowAt(rows, this.rows.x[k]) : -1;
    if (!rows || row < 0 || rows.x[row] !== this.rows.x[k]) return [];
    const { threshold = NaN } = series;
    const score = rows.score?.[row] ?? NaN;
    const severity = score > threshold ? score / threshold : null;
    return scoreLines(series, rows, row, severity, null).map((line) => `◇ ${line}`);
  }

  /** The severity of the anomaly in row `k`; null where there is none. @param {number} k @returns {number | null} */
  severity(k) {
    const { threshold } = this.series;
    const { score } = this.rows;
    return score[k] > threshold ? score[k] / threshold : null;
  }

  /** Takes the colours of the theme in force, or those for paper. */
  paint(light = false) {
    paint(this.chart, this.marks, colours(light));
    this.navigator?.paint();
  }
}
