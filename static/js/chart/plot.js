// What Chart.js is told: the lines, their order and colours, the axes. It is a classic script; it is here as `Chart`.
import { number } from "../ui/format.js";
import { marksOf } from "./marks.js";
import { position } from "./decimate.js";
import { indexTicks, timeTicks } from "./ticks.js";

const { Chart } = globalThis;
const SETS = ["value", "dots", "expected", "upper", "lower", "otherExpected", "otherDots"]; // their order in the chart
const RIMS = SETS.length; // the dots once more, larger: their edges lie below all of them, so that none hides its neighbour
const LINES = ["value", "expected", "otherExpected"].map((name) => SETS.indexOf(name));
const WIDTH = 1.5; // pixels, of a line
// More points than this on a line are drawn one pixel wide: seen no worse, as they lie closer than the line is wide, and
// without a graphics card that is drawn in a twentieth of the time.
const DENSE = 400;
const CLEAR_STEPS = 150; // fewer points than this in view are each marked

// The pointer meets the nearest value to its left or right, whatever its height.
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

// What Chart.js paints first lies below: the lowest order is painted last, on top of all.
const datasets = () => [
  line(1, { label: "Value" }),
  line(-1, { label: "Anomaly", showLine: false, pointRadius: 4.25, pointBorderWidth: 0, clip: 6 }), // whole at the edge
  line(2, { label: "Expected", borderDash: [6, 4] }),
  line(3, { label: "Upper", borderWidth: 0, fill: "+1" }),
  line(3, { label: "Lower", borderWidth: 0, fill: false }),
  line(2, { label: "Expected by the other", borderDash: [2, 3] }),
  // Larger than a dot and hollow: where both judge alike, both are seen.
  line(-2, {
    label: "Anomaly to the other",
    showLine: false,
    pointStyle: "rectRot",
    pointRadius: 9,
    pointBorderWidth: 2,
    clip: 10,
  }),
  line(0, { label: "Edge", showLine: false, pointRadius: 5.75, pointBorderWidth: 0, clip: 6 }),
];

/** Where an axis of times, or of positions, is marked. */
function ticks(axis, hasTimes) {
  const room = Math.max(2, Math.floor(axis.width / 90));
  return hasTimes ? timeTicks(axis.min, axis.max, room) : indexTicks(axis.min, axis.max, room);
}

/**
 * A chart on `canvas`. `marks` is the state of marks.js; `asked.hasTimes()` tells the kind of the axis, `asked.title(k)`
 * and `asked.lines(k)` the words on row `k`; `asked.resized()` hears of another size.
 */
export function plotOn(canvas, marks, asked, options = {}) {
  return new Chart(canvas, {
    data: { datasets: datasets() },
    options: {
      responsive: true,
      maintainAspectRatio: false,
      animation: false,
      parsing: false,
      normalized: true,
      interaction: { mode: "nearestValue", intersect: false },
      onResize: () => asked.resized(),
      layout: { padding: { right: 8 } },
      scales: {
        x: {
          type: "linear",
          ticks: { maxRotation: 0, includeBounds: false, callback: (_, index, all) => all[index].label },
          afterBuildTicks: (axis) => {
            axis.ticks = ticks(axis, asked.hasTimes());
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
            title: ([item]) => (item ? asked.title(item.raw.i) : ""),
            label: (item) => asked.lines(item.raw.i),
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

/** The y axis of `lines`: everything that came and was expected; of the band as far as it does not flatten the rest. */
export function heightsOf(lines) {
  const [low, high] = extent([...lines.value, ...lines.expected, ...lines.dots]);
  if (low > high) return { min: 0, max: 1 };
  const span = high - low || Math.abs(high) * 0.1 || 1;
  const [bandLow, bandHigh] = extent([...lines.upper, ...lines.lower]);
  const min = Math.max(Math.min(low, bandLow), low - span);
  const max = Math.min(Math.max(high, bandHigh), high + span);
  return { min: min - span * 0.06, max: max + span * 0.06 };
}

/**
 * How large each value is drawn: all are when there are few, and always those that no line reaches, their neighbours
 * missing. One number where all are alike: Chart.js draws that in half of the time of a list.
 */
function radii(data, inView) {
  if (inView < CLEAR_STEPS) return 2;
  const missing = (k) => !data[k] || Number.isNaN(data[k].y);
  const alone = data.map((_, k) => missing(k - 1) && missing(k + 1));
  return alone.includes(true) ? alone.map((is) => (is ? 1.5 : 0)) : 0;
}

/** Draws `lines` (of lines.js) in the window from..to, between the `heights` {min, max}. */
export function fill(chart, lines, { from, to, inView, heights }) {
  const sets = chart.data.datasets;
  SETS.forEach((name, k) => {
    sets[k].data = lines[name];
  });
  sets[RIMS].data = lines.dots;
  sets[0].pointRadius = radii(lines.value, inView);
  for (const k of LINES) sets[k].borderWidth = sets[k].data.length > DENSE ? 1 : WIDTH;
  Object.assign(chart.options.scales.x, { min: from, max: to });
  Object.assign(chart.options.scales.y, heights);
  chart.update("none");
}

/** Takes other colours. */
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
