// What of a series is at hand to draw, and what is fetched as a person zooms and moves.
//
// A *source* is where the points of a series come from:
//   extent   [first, last] of the x axis: milliseconds since 1970, or positions where the series has no times
//   async window(from, to, buckets, signal)
//            the points of a stretch as `Rows`, reduced to about two a bucket; rejects with an AbortError once aborted
//   rows     only where all points are in memory: all of them; `window` is not called then
//
// `Rows` are columns of equal length, one row for each point that was kept, x increasing:
//   x, values                       Float64Array; NaN where missing
//   positions                       Int32Array: where in the whole series a row stands; absent: row k is point k
//   expected, lower, upper, score   Float64Array; absent while nothing was judged
//   flagged, peaks                  Int32Array of rows: the anomalies, and of those the worst of each event
//   gaps                            Int32Array of rows before which nothing is known for more than 1.5 usual steps
//   from, to, width                 the stretch that was asked for and of a bucket; width 0: no point of it was left out
import { gapsOf } from "./gaps.js";
import { position } from "./decimate.js";

const MARGIN = 0.25; // fetched beyond each side of the view, as a share of it, so that moving finds it there
const KEPT = 12; // windows held, the last used ones
const PAUSE = 40; // ms between the starts of two requests
const ROWS = ["flagged", "peaks", "gaps"]; // columns that name rows
const OVERALL = 1000; // buckets of the whole, which is always held
const SHARP = 1.3; // a bucket of so many pixels' width is still as good as exact

/** The source of a series whose columns are all in memory: {x, values, step} and, where judged, the rest. */
export function inMemory(series) {
  const { x } = series;
  const rows = { ...series, gaps: gapsOf(x, series.step), from: x[0], to: x[x.length - 1], width: 0 };
  return { extent: [rows.from, rows.to], rows };
}

const covers = (rows, from, to) => rows.from <= from && rows.to >= to;

/** The rows `coarse` with those of `fine`, of the same series, in their place. */
export function spliced(coarse, fine) {
  const first = position(coarse.x, fine.from);
  let last = position(coarse.x, fine.to);
  if (coarse.x[last] === fine.to) last += 1;
  const put = (a, b) => {
    const out = new a.constructor(first + b.length + (a.length - last));
    out.set(a.subarray(0, first));
    out.set(b, first);
    out.set(a.subarray(last), first + b.length);
    return out;
  };
  const rows = { ...coarse };
  for (const [name, column] of Object.entries(coarse)) {
    if (!ArrayBuffer.isView(column)) continue;
    rows[name] = ROWS.includes(name)
      ? Int32Array.of(
          ...column.filter((row) => row < first),
          ...fine[name].map((row) => row + first),
          ...column.filter((row) => row >= last).map((row) => row + first + fine.x.length - last),
        )
      : put(column, fine[name]);
  }
  return rows;
}

export class Windows {
  /**
   * `arrived()` is called when there is more to draw than before; `failed(error)` when a request was refused or went
   * unanswered. Call `want` again after that.
   */
  constructor(source, arrived, failed) {
    Object.assign(this, { source, arrived, failed, kept: [], overall: source.rows ?? null });
    Object.assign(this, { asked: null, first: null, pending: null, timer: null, begun: -Infinity });
  }

  /** Whether rows are on their way. */
  get busy() {
    return [this.asked, this.first, this.timer].some((each) => each !== null);
  }

  /**
   * The finest rows that reach over all of from..to. Where none do, those of the whole, and in the part that the nearest
   * others cover their finer ones; null while nothing came.
   */
  best(from, to) {
    const finer = (best, rows) => (best && best.width <= rows.width ? best : rows);
    const finest = this.kept.filter((rows) => covers(rows, from, to)).reduce(finer, null);
    if (finest) {
      this.kept = [...this.kept.filter((rows) => rows !== finest), finest];
      return finest;
    }
    const part = this.kept.filter((rows) => rows.from < to && rows.to > from).reduce(finer, null);
    return this.overall && part && part.width < this.overall.width ? this.mixed(part) : this.overall;
  }

  /** The rows of the whole with those of `part` in their place, kept until others are mixed. */
  mixed(part) {
    if (this.mix?.part !== part) this.mix = { part, rows: spliced(this.overall, part) };
    return this.mix.rows;
  }

  /** Whether what is held, or on its way, draws from..to in buckets of this width as well as what would be fetched. */
  sharp(from, to, width) {
    const enough = (rows) => rows !== null && covers(rows, from, to) && rows.width <= width * SHARP;
    return [this.overall, this.first, this.asked, ...this.kept].some(enough);
  }

  /** Fetches what lacks for drawing from..to in so many buckets. Whatever older is on its way is given up for it. */
  want(from, to, buckets) {
    if (this.source.rows) return;
    const there = this.sharp(from, to, (to - from) / buckets);
    this.pending = there ? null : [from, to, buckets];
    if (there || this.timer !== null) return;
    const rest = this.begun + PAUSE - performance.now();
    if (rest <= 0) this.begin();
    else
      this.timer = setTimeout(() => {
        this.timer = null;
        this.begin();
      }, rest);
  }

  /** Fetches the whole, coarsely: what is drawn until the rest is there. */
  async overview() {
    if (this.overall || this.first) return;
    const [from, to] = this.source.extent;
    this.first = { from, to, width: (to - from) / OVERALL, abort: new AbortController() };
    await this.fetch("first", OVERALL, (rows) => {
      this.overall = rows;
    });
  }

  async begin() {
    if (!this.pending) return;
    const [from, to, buckets] = this.pending;
    const [first, last] = this.source.extent;
    const more = (to - from) * MARGIN;
    const [low, high] = [Math.max(first, from - more), Math.min(last, to + more)];
    const many = Math.max(1, Math.ceil((buckets * (high - low)) / (to - from)));
    this.asked?.abort.abort();
    this.asked = { from: low, to: high, width: (high - low) / many, abort: new AbortController() };
    Object.assign(this, { pending: null, begun: performance.now() });
    await this.fetch("asked", many, (rows) => {
      this.kept = [...this.kept, rows].slice(-KEPT);
    });
  }

  /** Carries out the request noted in `slot`, and clears it. */
  async fetch(slot, buckets, keep) {
    const request = this[slot];
    const {
      from,
      to,
      abort: { signal },
    } = request;
    let rows = null;
    let problem = null;
    try {
      rows = await this.source.window(from, to, buckets, signal);
    } catch (error) {
      problem = error;
    }
    if (signal.aborted) return;
    if (this[slot] === request) this[slot] = null;
    if (problem) this.failed(problem);
    else {
      keep(rows);
      this.arrived();
    }
  }

  /** Gives up what is on its way: another series is shown. */
  close() {
    this.asked?.abort.abort();
    this.first?.abort.abort();
    clearTimeout(this.timer);
    Object.assign(this, { asked: null, first: null, pending: null, timer: null });
  }
}
