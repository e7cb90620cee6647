// The chart of a stream: it follows the newest points until a person looks elsewhere.
import { SeriesChart } from "../chart/series_chart.js";

const MAX_LOOSENESS = 1.8; // the y axis shrinks when it is so many times higher than needed
const PADDING = 0.08; // of the y axis

export class StreamChart extends SeriesChart {
  following = true;
  pointsShown = 600; // while following
  showsHistory = false; // an earlier part of the stream, which does not grow
  hasCustomRange = false;
  held = false; // under a finger or a pressed button it stands still
  /** @type {{min: number, max: number} | null} the y axis */
  range = null;

  constructor(canvas, onWindow) {
    super(canvas, onWindow);
    canvas.addEventListener("pointerdown", () => {
      this.held = true;
    });
    for (const end of ["pointerup", "pointercancel"]) {
      addEventListener(end, () => {
        this.held = false;
      });
    }
  }

  /** Another stream: nothing of the last one stays. */
  clear() {
    this.following = true;
    this.showsHistory = false;
    this.hasCustomRange = false;
    this.range = null;
    this.from = undefined;
    this.to = undefined;
    this.marks.chosen = null;
  }

  /** Shows the stream with its new points. @param {ChartSeries} series */
  show(series) {
    const { following, hasCustomRange } = this;
    const width = this.to - this.from;
    const chosen = this.marks.chosen?.from;
    super.show(series, { preserveView: true });
    this.marks.chosen = series.events?.find(({ from }) => from === chosen) ?? null;
    if (!following || this.held) {
      this.following = following;
      this.hasCustomRange = hasCustomRange;
    } else if (hasCustomRange) this.viewNewest(width, true);
    else this.follow();
  }

  /** Follows the newest points again, `pointsShown` of them in view. */
  follow() {
    const { x } = this.series;
    const [first, last] = this.full;
    this.viewNewest(last - Math.max(first, x[Math.max(0, x.length - this.pointsShown)]), false);
  }

  viewNewest(width, hasCustomRange) {
    super.view(this.full[1] - width, this.full[1]);
    this.following = true;
    this.hasCustomRange = hasCustomRange;
  }

  /** Moves the view; one that includes the newest points follows them. */
  view(from, to) {
    super.view(from, to);
    this.following = !this.showsHistory && this.to >= this.full[1];
    this.hasCustomRange = true;
  }

  /** An event stays in view while points arrive. */
  showEvent(event) {
    super.showEvent(event);
    this.following = false;
  }

  /** The y axis stays while all fits into it: one that moves with every point cannot be read. */
  yRange(lines) {
    const needed = super.yRange(lines);
    const height = needed.max - needed.min;
    const { range } = this;
    const fits = range && range.min <= needed.min && range.max >= needed.max;
    if (fits && range.max - range.min <= MAX_LOOSENESS * height) return range;
    this.range = { min: needed.min - PADDING * height, max: needed.max + PADDING * height };
    return this.range;
  }

  /** How many times the allowed distance an anomaly lies from its expected value; streams have no single threshold. */
  severity(k) {
    const { flags, values, expected, lower, upper } = this.series;
    return flags[k] ? Math.abs(values[k] - expected[k]) / ((upper[k] - lower[k]) / 2) : null;
  }
}
