// The chart: what came against what was expected, the band, the anomalies; and the window of it in view.
//
// A *series* to show is {name, hasTimes, step (usual distance on the axis; 0: none), labels, and where judged: events,
// threshold, detector (its title)}, with its points as columns {x, values, expected, lower, upper, score, flagged, peaks}
// or, where they are not all in memory, a `source` of windows (windows.js). Events have start_time, stop_time and
// peak_time then, or the series has no times. A label is [start, stop] (a planted fault) or {start, stop, kind: "anomaly"
// or "normal"}. Positions are half open.
import { announce } from "../ui/dom.js";
import { number } from "../ui/format.js";
import { Gestures } from "./gestures.js";
import { drawLegend } from "./legend.js";
import { linesOf, positionsIn, rowAt } from "./lines.js";
import { colours } from "./palette.js";
import { nearest, peaksOf, placesOf, spanOf } from "./positions.js";
import { fill, heightsOf, paint, plotOn } from "./plot.js";
import { judged, when } from "./tooltip.js";
import { inMemory, Windows } from "./windows.js";

const MOST_BUCKETS = 1000; // two points each: at most 2,000 to draw on a line
const REACH = 8; // pixels from a click to the event that it is meant for
const EMPTY = { items: [], from: new Float64Array(), to: new Float64Array() };
const NOTHING = { value: [], expected: [], upper: [], lower: [], dots: [] };

const labelOf = (label) => (Array.isArray(label) ? { start: label[0], stop: label[1], kind: "planted" } : label);

/** Whether there is a band; where nothing is judged yet, there might be one. */
const banded = ({ lower }) => lower?.some((edge) => !Number.isNaN(edge)) ?? true;

/** The same rows for another threshold, until those that were judged by it are there. */
function rejudged(rows, series) {
  const above = Array.from(rows.x.keys()).filter((k) => rows.score?.[k] > series.threshold);
  return { ...rows, flagged: Int32Array.from(above), peaks: new Int32Array(), stale: true };
}

export class SeriesChart {
  /**
   * `onWindow(from, to, window)` is told of each window that is drawn: {rows, start, stop} are the rows in it (windows.js).
   * `onEvent(event)`    an event was clicked in the chart
   * `onMark(start, stop, {from, to})`  a stretch was marked: positions, and the places drawn
   * `onProblem(error)`  a window could not be fetched; null once one could
   * `legend`            the list element in which the legend is kept
   * `overview`          whether a strip of the whole series is drawn below
   */
  constructor(canvas, onWindow, { onEvent, onMark, onProblem, legend = null, overview = false } = {}) {
    Object.assign(this, { canvas, onWindow, onEvent, onMark, onProblem, legend, series: null, other: null });
    Object.assign(this, { pending: 0, marking: false, cursor: null, begun: null, rows: null });
    this.marks = { events: [], places: EMPTY, labels: {}, chosen: null, colours: colours() };
    this.chart = plotOn(canvas, this.marks, {
      hasTimes: () => this.series?.hasTimes,
      title: (k) => when(this.rows, k, this.series.hasTimes),
      lines: (k) => this.told(k),
      resized: () => this.later(),
    });
    this.gestures = new Gestures(canvas, this);
    this.strip = null;
    if (overview) this.addStrip();
    addEventListener("beforeprint", () => this.paint(true));
    addEventListener("afterprint", () => this.paint());
    this.paint();
  }

  /** Not every page has the strip, and not every visitor wants a picture: their code is fetched where it is needed. */
  async addStrip() {
    const { Overview } = await import("./navigator.js");
    this.strip = new Overview(this, this.canvas.parentElement);
    this.later();
  }

  /** Shows another series, or the same with its results; keeps the window if `keep`. */
  show(series, { keep = false } = {}) {
    this.windows?.close();
    this.stale = keep && series.source && this.rows ? rejudged(this.rows, series) : null;
    this.series = series;
    this.windows = this.windowsOf(series);
    const events = series.events ?? [];
    Object.assign(this.marks, { events, places: placesOf(series, events), chosen: null });
    this.peaks = peaksOf(series, events);
    this.label(series.labels ?? []);
    this.extend(this.windows.source.extent);
    this.windows.overview();
    if (keep && this.from !== undefined) this.view(this.from, this.to);
    else this.view(...this.full);
  }

  extend([first, last]) {
    const { step, hasTimes } = this.series;
    const half = first === last ? Math.max(step, 1) : 0;
    this.full = [first - half, last + half];
    this.minRange = Math.min(this.full[1] - this.full[0], 4 * Math.max(step, hasTimes ? 1e-3 : 1));
  }

  windowsOf(series) {
    const arrived = () => {
      this.onProblem?.(null);
      this.label(this.series.labels);
    };
    const failed = (error) => {
      this.fetching();
      this.onProblem?.(error);
    };
    return new Windows(series.source ?? inMemory(series), arrived, failed);
  }

  /** Draws another detection of the same series beside it, in another colour and shape; null takes it away. */
  compare(series) {
    this.other?.windows.close();
    this.other = series && { series, windows: this.windowsOf(series), peaks: peaksOf(series, series.events ?? []) };
    this.other?.windows.overview();
    this.later();
  }

  /** Draws these labels instead. */
  label(labels) {
    this.series.labels = labels;
    const rows = this.windows.overall; // labels of a series that is not in memory wait for it
    const all = rows ? labels.map(labelOf).toSorted((a, b) => a.start - b.start) : [];
    const kinds = Object.groupBy(all, ({ kind }) => kind);
    this.marks.labels = Object.fromEntries(
      Object.entries(kinds).map(([kind, items]) => [kind, placesOf(this.series, items, rows)]),
    );
    this.later();
  }

  get everything() {
    return this.from <= this.full[0] && this.to >= this.full[1];
  }

  /** Brings the stretch from..to of the axis into view, as far as there is data. */
  view(from, to) {
    const width = Math.min(this.full[1] - this.full[0], Math.max(to - from, this.minRange));
    const middle = (from + to) / 2;
    this.from = Math.max(this.full[0], Math.min(this.full[1] - width, middle - width / 2));
    this.to = this.from + width;
    for (const { windows } of this.drawn) windows.want(this.from, this.to, this.buckets);
    this.later();
  }

  /** What is drawn: the series, and the one that it is compared with. */
  get drawn() {
    return [{ series: this.series, windows: this.windows, peaks: this.peaks }, this.other].filter(Boolean);
  }

  get buckets() {
    return Math.max(100, Math.min(MOST_BUCKETS, Math.round(this.chart.chartArea?.width || this.chart.width || 600)));
  }

  /** Zooms around the middle: a factor below 1 shows less. */
  zoom(factor) {
    const middle = (this.from + this.to) / 2;
    const half = ((this.to - this.from) / 2) * factor;
    this.view(middle - half, middle + half);
  }

  /** Moves by a fraction of the window; below 0 is to earlier. */
  pan(fraction) {
    const by = (this.to - this.from) * fraction;
    this.view(this.from + by, this.to + by);
  }

  reset() {
    this.view(...this.full);
  }

  /** Brings an event into view with some of what surrounds it, and marks it. */
  toEvent(event) {
    const [start, stop] = spanOf(this.series, event);
    const step = this.series.step || (this.full[1] - this.full[0]) / (this.rows?.x.length ?? MOST_BUCKETS);
    const margin = Math.max((stop - start) * 1.5, step * 40);
    this.marks.chosen = event;
    this.view(start - margin, stop + margin);
  }

  /** A click at a place of the axis. */
  tapped(at) {
    const event = nearest(this.marks.places, at, (REACH / this.area.width) * (this.to - this.from));
    if (!event || !this.onEvent) return;
    this.marks.chosen = event;
    this.later();
    this.onEvent(event);
  }

  /** A stretch was drawn with the pointer: it is marked, or looked at. */
  took(from, to) {
    if (this.marking) this.mark(from, to);
    else this.view(from, to);
  }

  mark(from, to) {
    const [start, stop] = positionsIn(this.rows, this.series.step, from, to);
    if (stop > start) this.onMark?.(start, stop, { from, to });
  }

  /** Moves the cursor of the keys by so many drawn points, and says what is there. */
  moveCursor(by) {
    const { data } = this.chart.data.datasets[0];
    const real = data.filter(({ gap }) => !gap);
    if (!real.length) return;
    const now = this.cursor === null ? (by > 0 ? -1 : real.length) : rowAt({ x: real.map(({ x }) => x) }, this.cursor);
    const { x, i } = real[Math.max(0, Math.min(real.length - 1, now + by))];
    this.cursor = x;
    this.point();
    announce([when(this.rows, i, this.series.hasTimes), ...this.told(i)].join(", "));
  }

  /** One end of a stretch to mark is where the cursor is; with the other end it is marked. */
  hold(end) {
    if (!this.onMark || this.cursor === null) return;
    if (!end) this.begun = this.cursor;
    else if (this.begun !== null) this.mark(...[this.begun, this.cursor].sort((a, b) => a - b));
    announce(end ? "" : "The marked stretch starts here. Move on and press E where it ends.");
  }

  /** Shows the point at the cursor as the pointer does. */
  point() {
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

  later() {
    if (this.pending || !this.series) return;
    this.pending = requestAnimationFrame(() => {
      this.pending = 0;
      this.draw();
    });
  }

  draw() {
    const { from, to, buckets } = this;
    const of = ({ windows, peaks }, rows) => {
      windows.want(from, to, buckets);
      return rows && linesOf(rows, from, to, buckets, peaks);
    };
    const [first, second] = this.drawn;
    const own = of(first, this.newest());
    this.canvas.parentElement.classList.toggle("waiting", !own);
    if (!own) return;
    const other = second && of(second, second.windows.best(from, to));
    this.rows = own.window.rows;
    const { start, stop } = own.window;
    const lines = { ...own, otherExpected: other?.expected ?? [], otherDots: other?.dots ?? [] };
    this.filled = [lines, { from, to, inView: this.inView(start, stop), heights: this.heights(lines) }];
    fill(this.chart, ...this.filled);
    if (this.cursor !== null) this.point();
    this.drawLegend();
    this.strip?.follow();
    this.onWindow(from, to, own.window);
    this.canvas.dispatchEvent(new CustomEvent("drawn", { detail: { settled: !this.fetching() } }));
  }

  /** Whether finer points are on their way. The plot's class says it too, for those who wait for them, as tests do. */
  fetching() {
    const busy = this.drawn.some(({ windows }) => windows.busy);
    this.canvas.parentElement.classList.toggle("fetching", busy);
    return busy;
  }

  /** The rows to draw: those of the last judgement only while they are finer than what there is of this one. */
  newest() {
    const { from, to, stale } = this;
    const fresh = this.windows.best(from, to);
    if (!stale || (fresh && fresh.width <= stale.width)) this.stale = null;
    return this.stale && (!fresh || (stale.from <= from && stale.to >= to)) ? stale : fresh;
  }

  /** How many points, not rows, are in view: of some a few are drawn for many. */
  inView(start, stop) {
    const { positions } = this.rows;
    return positions ? positions[stop - 1] - positions[start] + 1 : stop - start;
  }

  heights(lines) {
    return heightsOf({ ...NOTHING, ...lines });
  }

  drawLegend() {
    if (!this.legend) return;
    const told = [
      this.series,
      Boolean(this.rows.expected),
      banded(this.rows),
      this.other?.series,
      this.legendOther?.banded,
      this.series.labels,
    ];
    if (this.toldLegend?.every((each, k) => each === told[k])) return;
    this.toldLegend = told;
    drawLegend(this.legend, this.legendSeries, this.legendOther);
  }

  /** The series as the legend wants to know it: whether it is judged, and whether there is a band. */
  get legendSeries() {
    return { ...this.series, expected: this.rows.expected, banded: banded(this.rows) };
  }

  /** The one that it is compared with, told in the same way; null where there is none. */
  get legendOther() {
    const rows = this.other?.windows.overall;
    return this.other && { ...this.other.series, banded: rows ? banded(rows) : undefined };
  }

  /** A PNG (Blob) of what is shown, with title and legend, on white. */
  async png() {
    const { pictureOf } = await import("./export_png.js");
    return pictureOf(this);
  }

  /** The words on row `k`. */
  told(k) {
    const lines = [`Value ${number(this.rows.values[k])}`];
    if (this.rows.expected) {
      const at = this.rows.x[k];
      lines.push(...judged(this.series, this.rows, k, this.severity(k), nearest(this.marks.places, at, 0)));
    }
    const rows = this.other?.windows.best(this.from, this.to);
    const there = rows ? rowAt(rows, this.rows.x[k]) : -1;
    if (there < 0 || rows.x[there] !== this.rows.x[k]) return lines;
    const { series } = this.other;
    const severity = rows.score?.[there] > series.threshold ? rows.score[there] / series.threshold : null;
    return [...lines, ...judged(series, rows, there, severity, null).map((line) => `◇ ${line}`)];
  }

  /** How severe the anomaly in row `k` is; null where there is none. */
  severity(k) {
    const { threshold } = this.series;
    const { score } = this.rows;
    return score[k] > threshold ? score[k] / threshold : null;
  }

  /** Takes the colours of the theme in force, or those for paper. */
  paint(light = false) {
    paint(this.chart, this.marks, colours(light));
    this.strip?.paint();
  }
}
