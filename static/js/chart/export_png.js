// The chart as a PNG: on white, with its title, its legend and the times that it shows.
import { duration, time } from "../ui/format.js";
import { entriesOf } from "./legend.js";
import { colours } from "./palette.js";
import { fill, paint, plotOn } from "./plot.js";

const WIDTH = 1200;
const PLOT_HEIGHT = 520;
const EDGE = 24;
const RATIO = 2; // pixels of the PNG for one here, so that it is sharp in print
const ROW = 22;
const FONT = "system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif";

/** `text`, cut with an ellipsis where it is wider than `room`. */
function fitted(pen, text, room) {
  if (pen.measureText(text).width <= room) return text;
  const letters = [...text];
  let [low, high] = [0, letters.length];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (pen.measureText(`${letters.slice(0, middle).join("")}…`).width <= room) low = middle;
    else high = middle - 1;
  }
  return `${letters.slice(0, low).join("")}…`;
}

function stroke(pen, colour, width, dash, draw) {
  Object.assign(pen, { strokeStyle: colour, lineWidth: width });
  pen.setLineDash(dash);
  pen.beginPath();
  draw();
  pen.stroke();
  pen.setLineDash([]);
}

const across = (pen, x, y) => () => {
  pen.moveTo(x, y);
  pen.lineTo(x + 26, y);
};

function stripes(pen, colour, x, y, rising) {
  pen.save();
  pen.beginPath();
  pen.rect(x, y - 7, 26, 12);
  pen.clip();
  stroke(pen, colour, 1.5, [], () => {
    for (let at = x - 12; at < x + 38; at += 6) {
      pen.moveTo(at, y + (rising ? 6 : -8));
      pen.lineTo(at + 14, y + (rising ? -8 : 6));
    }
  });
  pen.restore();
  Object.assign(pen, { fillStyle: colour });
  pen.fillRect(x, y + 5, 26, 3);
}

function rectangle(pen, colour, x, y) {
  Object.assign(pen, { fillStyle: colour });
  pen.fillRect(x, y - 6, 26, 12);
}

// The sample of each mark, 26 pixels wide, centred at y.
const KEYS = {
  actual: (pen, x, y, c) => stroke(pen, c.actual, 3, [], across(pen, x, y)),
  expected: (pen, x, y, c) => stroke(pen, c.expected, 2, [6, 4], across(pen, x, y)),
  "other-expected": (pen, x, y, c) => stroke(pen, c.other, 2, [2, 3], across(pen, x, y)),
  band: (pen, x, y, c) => rectangle(pen, c.band, x, y),
  label: (pen, x, y, c) => rectangle(pen, c.label, x, y),
  anomaly: (pen, x, y, c) => {
    Object.assign(pen, { fillStyle: c.anomaly });
    pen.beginPath();
    pen.arc(x + 13, y, 6, 0, 2 * Math.PI);
    pen.fill();
  },
  other: (pen, x, y, c) =>
    stroke(pen, c.other, 2, [], () => {
      pen.moveTo(x + 13, y - 7);
      for (const [dx, dy] of [
        [20, 0],
        [13, 7],
        [6, 0],
      ])
        pen.lineTo(x + dx, y + dy);
      pen.closePath();
    }),
  abnormal: (pen, x, y, c) => stripes(pen, c.abnormal, x, y, true),
  normal: (pen, x, y, c) => stripes(pen, c.normal, x, y, false),
};

/** The layout of the legend: [{key, name, x, y}] in rows of WIDTH, and how many rows. */
function laid(pen, entries) {
  let [x, y] = [EDGE, 0];
  const placed = entries.map(({ key, name }) => {
    const width = (KEYS[key] ? 34 : 0) + pen.measureText(name).width + 26;
    if (x > EDGE && x + width > WIDTH - EDGE) [x, y] = [EDGE, y + 1];
    x += width;
    return { key, name, x: x - width, y };
  });
  return { placed, rows: y + 1 };
}

function titled(pen, chart, palette) {
  const { series, from, to } = chart;
  const detectors = [
    series.events && series.detector,
    chart.other && (chart.other.series.detector ?? chart.other.series.name),
  ].filter(Boolean);
  const range = series.hasTimes
    ? `${time(from)} to ${time(to)} UTC, ${duration(to - from)}`
    : `Points ${Math.ceil(from).toLocaleString("en")} to ${Math.floor(to).toLocaleString("en")}`;
  pen.textBaseline = "alphabetic";
  Object.assign(pen, { fillStyle: palette.text, font: `600 22px ${FONT}` });
  pen.fillText(fitted(pen, series.name, WIDTH - 2 * EDGE), EDGE, EDGE + 20);
  Object.assign(pen, { fillStyle: palette.quiet, font: `14px ${FONT}` });
  pen.fillText(
    fitted(
      pen,
      [range, ...(detectors.length ? [`detected by ${detectors.join(" and ")}`] : [])].join(" · "),
      WIDTH - 2 * EDGE,
    ),
    EDGE,
    EDGE + 44,
  );
}

/** The plot without title and legend, in the colours for paper. */
function plotted(chart, palette) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: WIDTH - 2 * EDGE, height: PLOT_HEIGHT });
  const marks = { ...chart.marks };
  const content = { hasTimes: () => chart.series.hasTimes, title: () => "", lines: () => [], onResize: () => {} };
  const plot = plotOn(canvas, marks, content, { responsive: false, devicePixelRatio: RATIO, events: [] });
  paint(plot, marks, palette);
  fill(plot, chart.filled[0], chart.filled[1]);
  return { canvas, done: () => plot.destroy() };
}

/**
 * A PNG of what `chart` shows.
 * @param {import("./series_chart.js").SeriesChart} chart
 * @returns {Promise<Blob>}
 */
export async function pngOf(chart) {
  const palette = colours(true);
  const canvas = document.createElement("canvas");
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const entries = entriesOf(chart.legendSeries, chart.legendOther);
  pen.font = `14px ${FONT}`;
  const { placed, rows } = laid(pen, entries);
  const top = EDGE + 60;
  Object.assign(canvas, { width: WIDTH * RATIO, height: (top + rows * ROW + PLOT_HEIGHT + EDGE) * RATIO });
  pen.scale(RATIO, RATIO);
  pen.fillStyle = "#ffffff";
  pen.fillRect(0, 0, WIDTH, canvas.height);
  titled(pen, chart, palette);
  pen.textBaseline = "middle";
  pen.font = `14px ${FONT}`;
  for (const { key, name, x, y } of placed) {
    const middle = top + y * ROW + ROW / 2;
    KEYS[key]?.(pen, x, middle, palette);
    pen.fillStyle = palette.text;
    pen.fillText(name, x + (KEYS[key] ? 34 : 0), middle);
  }
  const plot = plotted(chart, palette);
  pen.drawImage(plot.canvas, EDGE, top + rows * ROW, WIDTH - 2 * EDGE, PLOT_HEIGHT);
  plot.done();
  return new Promise((resolve, reject) => {
    canvas.toBlob(
      (blob) =>
        blob
          ? resolve(blob)
          : reject(new Error("The browser could not create the PNG: close other tabs and try again.")),
      "image/png",
    );
  });
}
