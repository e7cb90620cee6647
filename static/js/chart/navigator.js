// A strip of the complete series under the chart, with the window in view as a range to move and resize.
import { element } from "../ui/dom.js";
import { count, time } from "../ui/format.js";
import { broken } from "./gaps.js";
import { minMax, windowOf } from "./decimate.js";
import { strips } from "./positions.js";
import { colours } from "./palette.js";

const MIN_TICK_WIDTH = 2; // pixels, so that an event of one point is visible
const TICK_HEIGHT = 7; // pixels
const KEY_STEP = 0.1; // of the window
const MIN_RANGE_WIDTH = 26; // pixels

const KEYS = {
  ArrowLeft: -KEY_STEP,
  ArrowDown: -KEY_STEP,
  ArrowRight: KEY_STEP,
  ArrowUp: KEY_STEP,
  PageUp: -1,
  PageDown: 1,
};

/** The window after its "from", its "to" or "both" moved to `at`. Its ends never swap. */
export function moved(part, [from, to], at, least, [first, last]) {
  if (part === "from") return [Math.max(first, Math.min(at, to - least)), to];
  if (part === "to") return [from, Math.min(last, Math.max(at, from + least))];
  const width = to - from;
  const start = Math.max(first, Math.min(at, last - width));
  return [start, start + width];
}

export class Navigator {
  /** @type {{part: string, offset: number} | null} what the pointer drags */
  drag = null;

  /**
   * Adds the strip below `plot`.
   * @param {import("./series_chart.js").SeriesChart} chart
   * @param {HTMLElement} plot
   */
  constructor(chart, plot) {
    this.chart = chart;
    this.canvas = element("canvas", { "aria-hidden": "true" });
    this.shade = element("div");
    const slider = (part, label) =>
      element("div", {
        class: `grip ${part}`,
        role: "slider",
        tabindex: 0,
        "aria-label": label,
        "aria-orientation": "horizontal",
        "data-part": part,
      });
    this.parts = {
      both: slider("both", "Window in view"),
      from: slider("from", "Start of the window"),
      to: slider("to", "End of the window"),
    };
    this.root = element(
      "div",
      { class: "navigator", role: "group", "aria-label": "Navigator", inert: "" }, // until its range is known
      this.canvas,
      element("div", { class: "shade" }, this.shade),
      ...Object.values(this.parts),
    );
    plot.after(this.root);
    this.root.addEventListener("pointerdown", (event) => this.down(event));
    this.root.addEventListener("pointermove", (event) => this.drag && this.dragTo(event));
    for (const end of ["pointerup", "pointercancel"])
      this.root.addEventListener(end, () => {
        this.drag = null;
      });
    this.root.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.paint()).observe(this.root);
  }

  get full() {
    return this.chart.full;
  }

  /** The point on the axis under the pointer. */
  at({ clientX }) {
    const { left, width } = this.root.getBoundingClientRect();
    const [first, last] = this.full;
    return first + ((clientX - left) / width) * (last - first);
  }

  down(event) {
    if (event.button !== 0 || !this.full) return;
    const { from, to } = this.chart;
    const at = this.at(event);
    const part = event.target.dataset.part ?? "both";
    const inside = at >= from && at <= to;
    this.root.setPointerCapture(event.pointerId);
    const beside = part === "both" && !inside && event.target !== this.parts.both;
    this.drag = { part, offset: beside ? (to - from) / 2 : at - (part === "to" ? to : from) };
    if (beside) this.dragTo(event); // a click beside the range moves it there
    this.parts[part].focus({ preventScroll: true });
    event.preventDefault();
  }

  dragTo(event) {
    if (this.drag) this.move(this.drag.part, this.at(event) - this.drag.offset);
  }

  move(part, at) {
    const { from, to, minRange } = this.chart;
    const [first, last] = moved(part, [from, to], at, minRange, this.full);
    this.chart.view(first, last);
  }

  key(event) {
    const { part } = event.target.dataset;
    if (!part || event.ctrlKey || event.metaKey || event.altKey) return;
    const { from, to } = this.chart;
    const [first, last] = this.full;
    const at = part === "to" ? to : from;
    if (event.key === "Home") this.move(part, first);
    else if (event.key === "End") this.move(part, last);
    else if (event.key in KEYS) this.move(part, at + KEYS[event.key] * (to - from));
    else return;
    event.preventDefault();
    event.stopPropagation(); // the chart uses these keys, too
  }

  /** Moves the range; draws the series again where it changed. */
  update() {
    const { chart } = this;
    const drawn = [chart.windows.overall, chart.marks.positions, chart.series];
    if (!this.drawn?.every((each, k) => each === drawn[k])) {
      this.drawn = drawn;
      this.paint();
    }
    this.updateRange();
  }

  updateRange() {
    const {
      chart: { from, to, series },
      full: [first, last],
    } = this;
    const { width } = this.root.getBoundingClientRect();
    const share = (at) => ((at - first) / (last - first || 1)) * width;
    const pixels = Math.max(MIN_RANGE_WIDTH, share(to) - share(from));
    const left = Math.max(0, Math.min((share(from) + share(to) - pixels) / 2, width - pixels));
    for (const { style } of [this.parts.both, this.shade])
      Object.assign(style, { left: `${left}px`, width: `${pixels}px` });
    this.parts.from.style.left = `${left}px`;
    this.parts.to.style.left = `${left + pixels}px`;
    const words = (at) => (series.hasTimes ? `${time(Math.round(at))} UTC` : `Point ${count(Math.round(at))}`);
    const values = { both: [from, `${words(from)} to ${words(to)}`], from: [from, words(from)], to: [to, words(to)] };
    for (const [part, [now, text]] of Object.entries(values)) {
      const limits = { "aria-valuemin": first, "aria-valuemax": last, "aria-valuenow": now, "aria-valuetext": text };
      for (const [name, value] of Object.entries(limits)) this.parts[part].setAttribute(name, value);
    }
    this.root.inert = false;
  }

  paint() {
    const { chart, canvas, root } = this;
    const { width, height } = root.getBoundingClientRect();
    const rows = chart.windows?.overall;
    if (!rows || !width) return;
    const ratio = devicePixelRatio;
    Object.assign(canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
    const pen = canvas.getContext("2d");
    if (!pen) return;
    pen.scale(ratio, ratio);
    const colour = chart.marks.colours ?? colours();
    this.line(pen, rows, width, height, colour);
    const [first, last] = this.full;
    pen.fillStyle = colour.anomaly;
    const pixel = (at) => ((at - first) / (last - first || 1)) * width;
    for (const [left, right] of strips(chart.marks.positions, first, last, pixel, MIN_TICK_WIDTH))
      pen.fillRect(left, 0, right - left, TICK_HEIGHT);
    this.updateRange();
  }

  line(pen, rows, width, height, colour) {
    const [first, last] = this.full;
    const window = windowOf(rows.x, first, last, Math.max(1, Math.round(width)));
    const points = Array.from(minMax(window, rows.values), (i) => ({ x: rows.x[i], y: rows.values[i], i }));
    let [low, high] = [Infinity, -Infinity];
    for (const { y } of points) if (!Number.isNaN(y)) [low, high] = [Math.min(low, y), Math.max(high, y)];
    const room = height - TICK_HEIGHT - 4;
    const y = (value) => height - 2 - (high > low ? (value - low) / (high - low) : 0.5) * room;
    pen.strokeStyle = colour.actual;
    pen.lineWidth = 1;
    pen.beginPath();
    let drawing = false;
    for (const point of broken(points, window, rows.gaps)) {
      // as the chart's line
      if (Number.isNaN(point.y)) {
        drawing = false;
        continue;
      }
      const x = ((point.x - first) / (last - first || 1)) * width;
      if (!drawing) pen.moveTo(x, y(point.y));
      pen.lineTo(drawing ? x : x + 0.5, y(point.y)); // a point between two gaps is seen
      drawing = true;
    }
    pen.stroke();
  }
}
