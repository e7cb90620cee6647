// The chart of a stream: it goes along with the newest points until a person looks elsewhere.
import { SeriesChart } from "../chart/series_chart.js";
import { severityAt } from "./stream_events.js";

const ROOMY = 1.8; // the y axis shrinks when it is so many times higher than needed

export class LiveChart extends SeriesChart {
  following = true;
  wanted = 600; // points in view while following
  away = false; // whether it shows a stretch of the past, which is not where the stream grows

  constructor(canvas, onWindow) {
    super(canvas, onWindow);
    this.held = false; // under a finger or a pressed button it stands still
    canvas.addEventListener("pointerdown", () => {
      this.held = true;
    });
    for (const end of ["pointerup", "pointercancel"])
      addEventListener(end, () => {
        this.held = false;
      });
  }

  /** Another stream: nothing of the last one stays. */
  renew() {
    Object.assign(this, { following: true, away: false, custom: false, kept: null, from: undefined, to: undefined });
    this.marks.chosen = null;
  }

  /** Shows the stream with its new points. */
  show(series) {
    const { following, custom } = this;
    const width = this.to - this.from;
    const chosen = this.marks.chosen?.from;
    super.show(series, { keep: true });
    this.marks.chosen = series.events.find(({ from }) => from === chosen) ?? null;
    if (!following || this.held) Object.assign(this, { following, custom });
    else if (custom) this.lead(width, true);
    else this.follow();
  }

  /** Goes along with the newest points again, the `wanted` number of them in view. */
  follow() {
    const { x } = this.series;
    const [first, last] = this.full;
    this.lead(last - Math.max(first, x[Math.max(0, x.length - this.wanted)]), false);
  }

  lead(width, custom) {
    super.view(this.full[1] - width, this.full[1]);
    Object.assign(this, { following: true, custom });
  }

  /** As a person moves: whoever comes to the newest points goes along with them. */
  view(from, to) {
    super.view(from, to);
    Object.assign(this, { following: !this.away && this.to >= this.full[1], custom: true });
  }

  /** An event stays in view, whatever comes. */
  toEvent(event) {
    super.toEvent(event);
    this.following = false;
  }

  /** The y axis stays as it is while all fits into it: one that moves with every point cannot be read. */
  heights(sets) {
    const needed = super.heights(sets);
    const { kept } = this;
    const fits = kept && kept.min <= needed.min && kept.max >= needed.max;
    const roomy = kept && kept.max - kept.min > ROOMY * (needed.max - needed.min);
    if (fits && !roomy) return kept;
    const room = (needed.max - needed.min) * 0.08;
    this.kept = { min: needed.min - room, max: needed.max + room };
    return this.kept;
  }

  severity(i) {
    return this.series.flags[i] ? severityAt(this.series, i) : null;
  }
}
