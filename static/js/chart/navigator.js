// The whole series in a strip under the chart, with the window in view as a range that can be moved and resized.
import { element } from "../ui/dom.js";
import { count, time } from "../ui/format.js";
import { broken } from "./gaps.js";
import { minMax, windowOf } from "./decimate.js";
import { strips } from "./positions.js";
import { colours } from "./palette.js";

const TICK = 2; // pixels, so that an event of one point is seen
const TICKS = 7; // pixels, their height
const STEP = 0.1; // of the window, for an arrow key
const LEAST = 26; // pixels: a range is never too narrow to be seen and held

const KEYS = { ArrowLeft: -STEP, ArrowDown: -STEP, ArrowRight: STEP, ArrowUp: STEP, PageUp: -1, PageDown: 1 };

/** The window after one end, or all of it ("both"), was moved to `at`; never turned around. */
export function moved(part, [from, to], at, least, [first, last]) {
  if (part === "from") return [Math.max(first, Math.min(at, to - least)), to];
  if (part === "to") return [from, Math.min(last, Math.max(at, from + least))];
  const width = to - from;
  const start = Math.max(first, Math.min(at, last - width));
  return [start, start + width];
}

export class Overview {
  /** Below `place`, over a SeriesChart. */
  constructor(chart, place) {
    this.chart = chart;
    this.held = null;
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
      both: slider("both", "Window in view, of the whole series"),
      from: slider("from", "Start of the window"),
      to: slider("to", "End of the window"),
    };
    this.place = element(
      "div",
      { class: "navigator", role: "group", "aria-label": "The whole series", inert: "" }, // until its range is known
      this.canvas,
      element("div", { class: "shade" }, this.shade),
      ...Object.values(this.parts),
    );
    place.after(this.place);
    this.place.addEventListener("pointerdown", (event) => this.down(event));
    this.place.addEventListener("pointermove", (event) => this.held && this.drag(event));
    for (const end of ["pointerup", "pointercancel"])
      this.place.addEventListener(end, () => {
        this.held = null;
      });
    this.place.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.paint()).observe(this.place);
  }

  get full() {
    return this.chart.full;
  }

  /** The place on the axis under the pointer. */
  at({ clientX }) {
    const { left, width } = this.place.getBoundingClientRect();
    const [first, last] = this.full;
    return first + ((clientX - left) / width) * (last - first);
  }

  down(event) {
    if (event.button !== 0 || !this.full) return;
    const { from, to } = this.chart;
    const at = this.at(event);
    const part = event.target.dataset.part ?? "both";
    const inside = at >= from && at <= to;
    this.place.setPointerCapture(event.pointerId);
    const beside = part === "both" && !inside && event.target !== this.parts.both;
    this.held = { part, off: beside ? (to - from) / 2 : at - (part === "to" ? to : from) };
    if (beside) this.drag(event); // a click beside the range brings it there
    this.parts[part].focus({ preventScroll: true });
    event.preventDefault();
  }

  drag(event) {
    this.move(this.held.part, this.at(event) - this.held.off);
  }

  move(part, at) {
    const { from, to, minRange } = this.chart;
    this.chart.view(...moved(part, [from, to], at, minRange, this.full));
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
    event.stopPropagation(); // the chart has meanings of its own for these
  }

  /** Draws the whole series; where it did not change only the range moves. */
  follow() {
    const { chart } = this;
    const drawn = [chart.windows.overall, chart.marks.places, chart.series];
    if (!this.drawn?.every((each, k) => each === drawn[k])) {
      this.drawn = drawn;
      this.paint();
    }
    this.tell();
  }

  tell() {
    const {
      chart: { from, to, series },
      full: [first, last],
    } = this;
    const { width } = this.place.getBoundingClientRect();
    const share = (at) => ((at - first) / (last - first || 1)) * width;
    const pixels = Math.max(LEAST, share(to) - share(from));
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
    this.place.inert = false;
  }

  paint() {
    const { chart, canvas, place } = this;
    const { width, height } = place.getBoundingClientRect();
    const rows = chart.windows?.overall;
    if (!rows || !width) return;
    const ratio = devicePixelRatio;
    Object.assign(canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const colour = chart.marks.colours ?? colours();
    this.line(pen, rows, width, height, colour);
    const [first, last] = this.full;
    pen.fillStyle = colour.anomaly;
    const pixel = (at) => ((at - first) / (last - first || 1)) * width;
    for (const [left, right] of strips(chart.marks.places, first, last, pixel, TICK))
      pen.fillRect(left, 0, right - left, TICKS);
    this.tell();
  }

  line(pen, rows, width, height, colour) {
    const [first, last] = this.full;
    const window = windowOf(rows.x, first, last, Math.max(1, Math.round(width)));
    const points = Array.from(minMax(window, rows.values), (i) => ({ x: rows.x[i], y: rows.values[i], i }));
    let [low, high] = [Infinity, -Infinity];
    for (const { y } of points) if (!Number.isNaN(y)) [low, high] = [Math.min(low, y), Math.max(high, y)];
    const room = height - TICKS - 4;
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
