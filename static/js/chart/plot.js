// The configuration of Chart.js: lines, their order and colours, axes. It is a classic script, which defines `Chart`.
import { number } from "../ui/format.js";
import { marksOf } from "./marks.js";
import { position } from "./decimate.js";
import { indexTicks, timeTicks } from "./ticks.js";

const SETS = ["value", "dots", "expected", "upper", "lower", "otherExpected", "otherDots"]; // their order in the chart
const RIMS = SETS.length; // the dots again, larger: the edges lie below all dots, so that none hides its neighbour
const LINES = ["value", "expected", "otherExpected"].map((name) => SETS.indexOf(name));
const WIDTH = 1.5; // pixels, of a line
// A line of more points is one pixel wide: its points lie closer than the line is wide, and without a graphics card it
// is drawn in a twentieth of the time.
const DENSE = 400;
const MAX_DOTTED = 150; // points in view up to which each has a dot

// The tooltip belongs to the nearest value left or right of the pointer, whatever its height.
Chart.Interaction.modes.nearestValue = (chart, event) => {
  const { data } = chart.data.datasets[0];
  if (!data.length) return [];
  const at = chart.scales.x.getValueForPixel(event.x);
  const next = position(
    data.map((point) => point.x),
    at,
  );
  const before = Math.max(0, next - 1);
  const after = Math.min(data.length - 1, next);
  let index = at - data[before].x < data[after].x - at ? before : after;
  if (data[index].gap) index += at < data[index].x ? -1 : 1; // the middle of a gap, where the line breaks, is no value
  return [{ element: chart.getDatasetMeta(0).data[index], datasetIndex: 0, index }];
};

const line = (order, extra = {}) => ({
  type: "line",
  data: [],
  order,
  pointRadius: 0,
  pointHitRadius: 0,
  borderWidth: WIDTH,
  tension: 0,
  ...extra,
});

// Chart.js paints the lowest order last, on top.
const datasets = () => [
  line(1, { label: "Value" }),
  line(-1, { label: "Anomaly", showLine: false, pointRadius: 4.25, pointBorderWidth: 0, clip: 6 }), // not cut at the edge
  line(2, { label: "Expected", borderDash: [6, 4] }),
  line(3, { label: "Upper", borderWidth: 0, fill: "+1" }),
  line(3, { label: "Lower", borderWidth: 0, fill: false }),
  line(2, { label: "Expected by the second detector", borderDash: [2, 3] }),
  // Larger than a dot and hollow, so that both are visible where the detectors agree.
  line(-2, {
    label: "Anomaly of the second detector",
    showLine: false,
    pointStyle: "rectRot",
    pointRadius: 9,
    pointBorderWidth: 2,
    clip: 10,
  }),
  line(0, { label: "Edge", showLine: false, pointRadius: 5.75, pointBorderWidth: 0, clip: 6 }),
];

/** The ticks of an axis of times, or of positions. */
function ticks(axis, hasTimes) {
  const room = Math.max(2, Math.floor(axis.width / 90));
  return hasTimes ? timeTicks(axis.min, axis.max, room) : indexTicks(axis.min, axis.max, room);
}

/**
 * @typedef {object} PlotContent
 * @property {() => boolean} hasTimes the kind of the axis
 * @property {(row: number) => string} title of the tooltip
 * @property {(row: number) => string[]} lines of the tooltip
 * @property {() => void} onResize
 */

/**
 * A chart on `canvas`.
 * @param {HTMLCanvasElement} canvas
 * @param {any} marks the state of marks.js
 * @param {PlotContent} content
 * @param {any} [options] of Chart.js
 */
export function plotOn(canvas, marks, content, options = {}) {
  return new Chart(canvas, {
    data: { datasets: datasets() },
    options: {
      responsive: true,
      maintainAspectRatio: false,
      animation: false,
      parsing: false,
      normalized: true,
      interaction: { mode: "nearestValue", intersect: false },
      onResize: () => content.onResize(),
      layout: { padding: { right: 8 } },
      scales: {
        x: {
          type: "linear",
          ticks: { maxRotation: 0, includeBounds: false, callback: (_, index, all) => all[index].label },
          afterBuildTicks: (axis) => {
            axis.ticks = ticks(axis, content.hasTimes());
          },
        },
        y: { type: "linear", ticks: { maxTicksLimit: 8, includeBounds: false, callback: (value) => number(value) } },
      },
      plugins: {
        legend: { display: false },
        colors: { enabled: false },
        tooltip: {
          displayColors: false,
          callbacks: {
            title: ([item]) => (item ? content.title(item.raw.i) : ""),
            label: (item) => content.lines(item.raw.i),
          },
        },
      },
      ...options,
    },
    plugins: [marksOf(marks)],
  });
}

const extent = (points) =>
  points.reduce(
    ([low, high], { y }) => (Number.isNaN(y) ? [low, high] : [Math.min(low, y), Math.max(high, y)]),
    [Infinity, -Infinity],
  );

/** The y axis of `lines`: actual and expected values, and of the band as much as does not flatten them. */
export function yRange(lines) {
  const [low, high] = extent([...lines.value, ...lines.expected, ...lines.dots]);
  if (low > high) return { min: 0, max: 1 };
  const span = high - low || Math.abs(high) * 0.1 || 1;
  const [bandLow, bandHigh] = extent([...lines.upper, ...lines.lower]);
  const min = Math.max(Math.min(low, bandLow), low - span);
  const max = Math.min(Math.max(high, bandHigh), high + span);
  return { min: min - span * 0.06, max: max + span * 0.06 };
}

/**
 * The radius of each value: all have a dot when there are few, and always those without neighbours, which no line
 * reaches. One number where all are equal: Chart.js draws that in half the time.
 */
function radii(data, pointsInView) {
  if (pointsInView < MAX_DOTTED) return 2;
  const missing = (k) => !data[k] || Number.isNaN(data[k].y);
  const isolated = data.map((_, k) => missing(k - 1) && missing(k + 1));
  return isolated.includes(true) ? isolated.map((is) => (is ? 1.5 : 0)) : 0;
}

/** Draws `lines` (of lines.js) in the window from..to and the y `range` {min, max}. */
export function fill(chart, lines, { from, to, pointsInView, range }) {
  const sets = chart.data.datasets;
  SETS.forEach((name, k) => {
    sets[k].data = lines[name];
  });
  sets[RIMS].data = lines.dots;
  sets[0].pointRadius = radii(lines.value, pointsInView);
  for (const k of LINES) sets[k].borderWidth = sets[k].data.length > DENSE ? 1 : WIDTH;
  Object.assign(chart.options.scales.x, { min: from, max: to });
  Object.assign(chart.options.scales.y, range);
  chart.update("none");
}

/** Applies other colours. */
export function paint(chart, marks, colour) {
  const of = Object.fromEntries(SETS.map((name, k) => [name, chart.data.datasets[k]]));
  Object.assign(of.value, { borderColor: colour.actual, backgroundColor: colour.actual });
  of.dots.backgroundColor = colour.anomaly;
  chart.data.datasets[RIMS].backgroundColor = colour.dotEdge;
  Object.assign(of.expected, { borderColor: colour.expected, backgroundColor: colour.expected });
  of.upper.backgroundColor = colour.band;
  Object.assign(of.otherExpected, { borderColor: colour.other, backgroundColor: colour.other });
  Object.assign(of.otherDots, { borderColor: colour.other, backgroundColor: "transparent" });
  for (const axis of Object.values(chart.options.scales)) {
    axis.grid = { color: colour.grid };
    axis.border = { color: colour.edge };
    axis.ticks.color = colour.quiet;
  }
  marks.colours = colour;
  chart.update(); // not "none": that mode keeps the old colours of the points
}
