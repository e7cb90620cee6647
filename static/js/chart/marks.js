// Intervals behind the lines: events, labels, injected faults; and the line at the pointer.
import { strips, within } from "./positions.js";

const MIN_WIDTH = 3; // pixels, so that an event of one point is visible
const BAR_HEIGHT = 3; // pixels, of the bar along the top
const CHOSEN_HEIGHT = 7; // of the selected event
const STRIPE = 8; // pixels from one hatch line to the next

/** Diagonal lines: rising for "anomaly", falling for "normal", so that they differ not by colour alone. */
function hatch(ctx, colour, rising) {
  const tile = document.createElement("canvas");
  tile.width = STRIPE;
  tile.height = STRIPE;
  const pen = /** @type {CanvasRenderingContext2D} */ (tile.getContext("2d"));
  pen.strokeStyle = colour;
  pen.lineWidth = 1.5;
  for (const by of [-STRIPE, 0, STRIPE]) {
    pen.moveTo(by - 1, rising ? STRIPE + 1 : -1);
    pen.lineTo(by + STRIPE + 1, rising ? -1 : STRIPE + 1);
  }
  pen.stroke();
  return ctx.createPattern(tile, "repeat");
}

const INKS = {
  injected: ({ label }) => label,
  anomaly: ({ abnormal }, ctx) => hatch(ctx, abnormal, true),
  normal: ({ normal }, ctx) => hatch(ctx, normal, false),
};

function edges(chart) {
  const { left, right } = chart.chartArea;
  const { x } = chart.scales;
  const pixel = (at) => x.getPixelForValue(at);
  return { from: x.min, to: x.max, pixel, cut: ([begin, end]) => [Math.max(left, begin), Math.min(right, end)] };
}

function drawLabels(chart, { labels, colours }) {
  const {
    ctx,
    chartArea: { top, bottom },
  } = chart;
  const { from, to, pixel, cut } = edges(chart);
  for (const [kind, ink] of Object.entries(INKS)) {
    const positions = labels[kind];
    if (!positions) continue;
    ctx.fillStyle = ink(colours, ctx);
    for (const [left, right] of strips(positions, from, to, pixel, MIN_WIDTH).map(cut)) {
      ctx.fillRect(left, top, right - left, bottom - top);
      if (kind === "injected") continue;
      ctx.save();
      ctx.fillStyle = kind === "normal" ? colours.normal : colours.abnormal;
      ctx.fillRect(left, bottom - 4, right - left, 4);
      ctx.restore();
    }
  }
}

function drawEvents(chart, { positions, chosen, colours }) {
  const {
    ctx,
    chartArea: { top, bottom },
  } = chart;
  const { from, to, pixel, cut } = edges(chart);
  for (const [left, right] of strips(positions, from, to, pixel, MIN_WIDTH).map(cut)) {
    ctx.fillStyle = colours.event;
    ctx.fillRect(left, top, right - left, bottom - top);
    ctx.fillStyle = colours.anomaly;
    ctx.fillRect(left, top, right - left, BAR_HEIGHT);
  }
  const at = positions.items.indexOf(chosen);
  const [first, stop] = within(positions, from, to);
  if (at < first || at >= stop) return;
  const one = { items: [chosen], from: positions.from.subarray(at, at + 1), to: positions.to.subarray(at, at + 1) };
  const [left, right] = cut(strips(one, from, to, pixel, CHOSEN_HEIGHT)[0]);
  ctx.fillStyle = colours.anomaly;
  ctx.fillRect(left, top, right - left, CHOSEN_HEIGHT);
  ctx.strokeStyle = colours.anomaly;
  ctx.lineWidth = 1;
  ctx.strokeRect(left - 2.5, top + 0.5, right - left + 5, bottom - top - 1);
}

function drawCursor(chart, { colours }) {
  const [active] = chart.tooltip?.getActiveElements() ?? [];
  if (!active) return;
  const {
    ctx,
    chartArea: { top, bottom },
  } = chart;
  const x = Math.round(active.element.x) + 0.5;
  ctx.strokeStyle = colours.edge;
  ctx.lineWidth = 1;
  ctx.beginPath();
  ctx.moveTo(x, top);
  ctx.lineTo(x, bottom);
  ctx.stroke();
}

/**
 * The Chart.js plugin over one `state`: {positions: of the events, chosen: one of them or null, labels: positions by
 * kind, colours}. The state lives outside the chart's options, which Chart.js would wrap, point by point.
 */
export const marksOf = (state) => ({
  id: "marks",
  beforeDatasetsDraw(chart) {
    chart.ctx.save();
    drawLabels(chart, state);
    drawEvents(chart, state);
    drawCursor(chart, state);
    chart.ctx.restore();
  },
});
