// The chart: what came against what was expected, the band, the anomalies; and the window of it in view.
// Chart.js and its zoom plugin are classic scripts; they are here as `Chart`.
import { number, time } from "./format.js";
import { broken, gapsOf } from "./gaps.js";
import { marksOf } from "./marks.js";
import { colours } from "./palette.js";
import { dots, envelope, minMax, position, windowOf } from "./reduce.js";
import { indexTicks, timeTicks } from "./ticks.js";

const { Chart } = globalThis;
const VALUE = 0;
const DOTS = 1;
const EXPECTED = 2;
const UPPER = 3;
const LOWER = 4;
const MOST_BUCKETS = 1000; // two points each: at most 2,000 to draw on a line
const CLEAR_STEPS = 150; // fewer points than this in view are each marked

// The pointer meets the nearest value to its left or right, whatever its height.
Chart.Interaction.modes.nearestValue = (chart, event) => {
  const { data } = chart.data.datasets[VALUE];
  if (!data.length) return [];
  const at = chart.scales.x.getValueForPixel(event.x);
  const next = position(data.map((point) => point.x), at);
  const before = Math.max(0, next - 1);
  const after = Math.min(data.length - 1, next);
  let index = at - data[before].x < data[after].x - at ? before : after;
  if (data[index].gap) index += at < data[index].x ? -1 : 1; // the middle of a gap, where the line breaks, is no value
  return [{ element: chart.getDatasetMeta(VALUE).data[index], datasetIndex: VALUE, index }];
};

const line = (order, extra = {}) => ({
  type: "line", data: [], order, pointRadius: 0, pointHitRadius: 0, borderWidth: 1.5, tension: 0, ...extra,
});

export class SeriesChart {
  /** `onWindow(from, to, everything)` is told of each window that comes into view. */
  constructor(canvas, onWindow) {
    this.onWindow = onWindow;
    this.series = null;
    this.lastScroll = -Infinity;
    this.pending = 0;
    this.marks = { x: [], labels: [], events: [], chosen: null, colours: colours() };
    this.chart = new Chart(canvas, {
      // What Chart.js paints first lies below: the lowest order is painted last, on top of all.
      data: {
        datasets: [
          line(1, { label: "Value" }),
          line(-1, { label: "Anomaly", showLine: false, pointRadius: 5, pointBorderWidth: 1.5, clip: 6 }), // whole at the edge
          line(2, { label: "Expected", borderDash: [6, 4] }),
          line(3, { label: "Upper", borderWidth: 0, fill: "+1" }),
          line(3, { label: "Lower", borderWidth: 0, fill: false }),
        ],
      },
      options: this.options(),
      plugins: [marksOf(this.marks)],
    });
    canvas.style.touchAction = "pan-y"; // one finger still scrolls the page up and down
    addEventListener("scroll", () => { this.lastScroll = performance.now(); }, { passive: true });
    this.paint();
  }

  options() {
    const follow = ({ chart }) => this.view(chart.scales.x.min, chart.scales.x.max);
    return {
      responsive: true, maintainAspectRatio: false, animation: false, parsing: false, normalized: true,
      interaction: { mode: "nearestValue", intersect: false },
      onResize: () => this.later(),
      layout: { padding: { right: 8 } },
      scales: {
        x: { type: "linear", ticks: { maxRotation: 0, includeBounds: false, callback: (_, index, ticks) => ticks[index].label },
          afterBuildTicks: (axis) => { axis.ticks = this.ticks(axis); } },
        y: { type: "linear", ticks: { maxTicksLimit: 8, includeBounds: false, callback: (value) => number(value) } },
      },
      plugins: {
        legend: { display: false },
        colors: { enabled: false },
        tooltip: { displayColors: false, callbacks: {
          title: ([item]) => (item ? this.at(item.raw.i) : ""),
          label: (item) => this.told(item.raw.i),
        } },
        zoom: {
          limits: { x: {} },
          pan: { enabled: true, mode: "x", modifierKey: "shift", threshold: 4, onPan: follow },
          zoom: { mode: "x", wheel: { enabled: true, speed: 0.15 }, pinch: { enabled: true },
            drag: { enabled: true, threshold: 5 }, onZoomStart: (start) => this.mayZoom(start), onZoom: follow },
        },
      },
    };
  }

  /** A page that is being scrolled goes on scrolling when the chart comes under the pointer. */
  mayZoom({ event }) {
    if (event.type !== "wheel" || event.ctrlKey) return true;
    const scrolling = performance.now() - this.lastScroll < 300;
    const nothingMore = event.deltaY > 0 && this.everything;
    return !scrolling && !nothingMore;
  }

  /** Shows another series, or the same with its results; keeps the window if `keep`. */
  show(series, { keep = false } = {}) {
    const { x } = series;
    this.series = series;
    this.gaps = gapsOf(x, series.step);
    Object.assign(this.marks, { x, labels: series.labels, events: series.events ?? [], chosen: null });
    const half = x.length > 1 ? 0 : Math.max(series.step, 1);
    this.full = [x[0] - half, x[x.length - 1] + half];
    const minRange = Math.min(this.full[1] - this.full[0], 4 * Math.max(series.step, series.hasTimes ? 1e-3 : 1));
    this.chart.options.plugins.zoom.limits.x = { min: this.full[0], max: this.full[1], minRange };
    this.minRange = minRange;
    if (keep && this.from !== undefined) this.view(this.from, this.to);
    else this.view(...this.full);
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
    this.later();
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
    const { x } = this.series;
    const start = x[event.start];
    const stop = x[event.stop - 1];
    const margin = Math.max((stop - start) * 1.5, (this.series.step || (this.full[1] - this.full[0]) / x.length) * 40);
    this.marks.chosen = event;
    this.view(start - margin, stop + margin);
  }

  later() {
    if (this.pending || !this.series) return;
    this.pending = requestAnimationFrame(() => {
      this.pending = 0;
      this.draw();
    });
  }

  draw() {
    const { series, chart, from, to } = this;
    const wide = Math.round(chart.chartArea?.width || chart.width || 600);
    const window = windowOf(series.x, from, to, Math.max(100, Math.min(MOST_BUCKETS, wide)));
    const points = (values, positions) => Array.from(positions, (i) => ({ x: series.x[i], y: values[i], i }));
    const joined = (values, positions) => broken(points(values, positions), window, this.gaps);
    const sets = chart.data.datasets;
    sets[VALUE].data = joined(series.values, minMax(window, series.values));
    this.mark(sets[VALUE], window.stop - window.start);
    if (series.expected) {
      sets[EXPECTED].data = joined(series.expected, minMax(window, series.expected));
      sets[DOTS].data = points(series.values, dots(window, series.values, series.flagged, series.peaks));
      const band = envelope(window, series.lower, series.upper);
      for (const [set, edge] of [[UPPER, band.upper], [LOWER, band.lower]]) {
        sets[set].data = broken(band.x.map((x, k) => ({ x, y: edge[k], i: band.i[k] })), window, this.gaps);
      }
    } else for (const k of [EXPECTED, DOTS, UPPER, LOWER]) sets[k].data = [];
    Object.assign(chart.options.scales.x, { min: from, max: to });
    Object.assign(chart.options.scales.y, this.heights(sets));
    chart.update("none");
    this.onWindow(from, to, window);
  }

  /** Marks each point when there are few, and always those that no line reaches, because their neighbours are missing. */
  mark(set, inView) {
    const { data } = set;
    const missing = (k) => !data[k] || Number.isNaN(data[k].y);
    set.pointRadius = data.map((_, k) => (inView < CLEAR_STEPS ? 2 : missing(k - 1) && missing(k + 1) ? 1.5 : 0));
  }

  /** The y axis: everything that came and was expected; of the band only as far as it does not flatten the rest. */
  heights(sets) {
    const extent = (points) => points.reduce(
      ([low, high], { y }) => (Number.isNaN(y) ? [low, high] : [Math.min(low, y), Math.max(high, y)]), [Infinity, -Infinity]);
    const [low, high] = extent([...sets[VALUE].data, ...sets[EXPECTED].data]);
    if (low > high) return { min: 0, max: 1 };
    const span = high - low || Math.abs(high) * 0.1 || 1;
    const [bandLow, bandHigh] = extent([...sets[UPPER].data, ...sets[LOWER].data]);
    const min = Math.max(Math.min(low, bandLow), low - span);
    const max = Math.min(Math.max(high, bandHigh), high + span);
    return { min: min - span * 0.06, max: max + span * 0.06 };
  }

  ticks(axis) {
    const room = Math.max(2, Math.floor(axis.width / 90));
    return this.series?.hasTimes ? timeTicks(axis.min, axis.max, room) : indexTicks(axis.min, axis.max, room);
  }

  at(i) {
    const { x, hasTimes } = this.series;
    return hasTimes ? `${time(x[i])} UTC` : `Point ${x[i].toLocaleString("en")}`;
  }

  told(i) {
    const { values, expected, lower, upper, score } = this.series;
    const lines = [`Value ${number(values[i])}`];
    if (!expected) return lines;
    if (score[i] === null || Number.isNaN(score[i])) return [...lines, "Not judged: warming up or missing"];
    if (!Number.isNaN(expected[i])) {
      lines.push(`Expected ${number(expected[i])}`, `Band ${number(lower[i])} to ${number(upper[i])}`);
    }
    const severity = this.severity(i);
    if (severity !== null) lines.push(`Anomaly: severity ${number(severity)}`);
    return lines;
  }

  /** How severe the anomaly at position `i` is; null where there is none. */
  severity(i) {
    const { score, threshold } = this.series;
    return score[i] > threshold ? score[i] / threshold : null;
  }

  /** Takes the colours of the theme in force. */
  paint() {
    const colour = colours();
    const { datasets } = this.chart.data;
    Object.assign(datasets[VALUE], { borderColor: colour.actual, backgroundColor: colour.actual });
    Object.assign(datasets[DOTS], { borderColor: colour.dotEdge, backgroundColor: colour.anomaly });
    Object.assign(datasets[EXPECTED], { borderColor: colour.expected, backgroundColor: colour.expected });
    datasets[UPPER].backgroundColor = colour.band;
    const { scales, plugins } = this.chart.options;
    for (const axis of [scales.x, scales.y]) {
      axis.grid = { color: colour.grid };
      axis.border = { color: colour.edge };
      axis.ticks.color = colour.quiet;
    }
    this.marks.colours = colour;
    const drag = { backgroundColor: colour.event, borderColor: colour.anomaly, borderWidth: 1 };
    Object.assign(plugins.zoom.zoom.drag, drag);
    this.chart.update(); // not "none": that mode keeps the old colours of the points
  }
}
