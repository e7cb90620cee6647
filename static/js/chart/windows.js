// Loads the windows of a series as a person zooms and moves, and holds those loaded last.
import { gapsOf } from "./gaps.js";
import { position } from "./decimate.js";

const MARGIN = 0.25; // loaded beyond each side of the view, as a share of it, so that panning shows it at once
const MAX_WINDOWS = 12; // held, the last used ones
const REQUEST_INTERVAL = 40; // milliseconds between the starts of two requests
const ROW_COLUMNS = ["flagged", "peaks", "gaps"]; // columns of row numbers
const OVERALL_BUCKETS = 1000; // of the complete series, which is always held
const SHARP = 1.3; // pixels: a bucket of this width looks exact

/**
 * The source of a series whose columns are all in memory.
 * @param {any} series
 * @returns {RowSource}
 */
export function inMemory(series) {
  const { x } = series;
  const rows = { ...series, gaps: gapsOf(x, series.step), from: x[0], to: x[x.length - 1], width: 0 };
  return { extent: [rows.from, rows.to], rows };
}

const covers = (rows, from, to) => rows.from <= from && rows.to >= to;

/**
 * The rows `coarse`, with those of `fine` in place of theirs.
 * @param {any} coarse
 * @param {any} fine
 * @returns {Rows}
 */
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
    if (!(column instanceof Float64Array || column instanceof Int32Array)) continue;
    rows[name] = ROW_COLUMNS.includes(name)
      ? Int32Array.of(
          ...column.filter((row) => row < first),
          ...fine[name].map((row) => row + first),
          ...column.filter((row) => row >= last).map((row) => row + first + fine.x.length - last),
        )
      : put(column, fine[name]);
  }
  return rows;
}

/** @typedef {{from: number, to: number, width: number, abort: AbortController}} RowRequest */

export class WindowLoader {
  /** @type {Rows[]} the last used ones last */
  loaded = [];
  /** @type {Rows | null} the complete series, coarsely */
  overall = null;
  /** @type {{part: Rows, rows: Rows} | null} */
  mix = null;
  /** Requests on their way: of a window, and of the complete series. @type {RowRequest | null} */
  detail = null;
  /** @type {RowRequest | null} */
  first = null;
  /** @type {[number, number, number] | null} */
  pending = null;
  /** @type {ReturnType<typeof setTimeout> | null} */
  timer = null;
  begun = -Infinity;

  /**
   * @param {RowSource} source
   * @param {() => void} onRows is called when there is more to draw
   * @param {(error: any) => void} onError is called when a request fails; call `load` again after that
   */
  constructor(source, onRows, onError) {
    this.source = source;
    this.onRows = onRows;
    this.onError = onError;
    this.overall = source.rows ?? null;
  }

  /** Whether rows are on their way. */
  get busy() {
    return [this.detail, this.first, this.timer].some((each) => each !== null);
  }

  /**
   * The finest rows that cover from..to. Where none do, those of the complete series, with finer ones where there are
   * any; null before the first response.
   * @param {number} from
   * @param {number} to
   * @returns {Rows | null}
   */
  best(from, to) {
    const finer = (best, rows) => (best && best.width <= rows.width ? best : rows);
    const finest = this.loaded.filter((rows) => covers(rows, from, to)).reduce(finer, null);
    if (finest) {
      this.loaded = [...this.loaded.filter((rows) => rows !== finest), finest];
      return finest;
    }
    const part = this.loaded.filter((rows) => rows.from < to && rows.to > from).reduce(finer, null);
    return this.overall && part && part.width < this.overall.width ? this.mixed(part) : this.overall;
  }

  /** The rows of the complete series with those of `part` in place of theirs, computed once. @param {Rows} part */
  mixed(part) {
    if (this.mix?.part !== part) this.mix = { part, rows: spliced(this.overall, part) };
    return this.mix.rows;
  }

  /** Whether rows that are loaded, or on their way, are as fine as buckets of `width`. */
  isSharp(from, to, width) {
    const isSharp = (rows) => rows !== null && covers(rows, from, to) && rows.width <= width * SHARP;
    return [this.overall, this.first, this.detail, ...this.loaded].some(isSharp);
  }

  /**
   * Loads what is missing to draw from..to in so many buckets, and cancels an earlier request.
   * @param {number} from
   * @param {number} to
   * @param {number} buckets
   */
  load(from, to, buckets) {
    if (this.source.rows) return;
    const isLoaded = this.isSharp(from, to, (to - from) / buckets);
    this.pending = isLoaded ? null : [from, to, buckets];
    if (isLoaded || this.timer !== null) return;
    const rest = this.begun + REQUEST_INTERVAL - performance.now();
    if (rest <= 0) this.begin();
    else
      this.timer = setTimeout(() => {
        this.timer = null;
        this.begin();
      }, rest);
  }

  /** Loads the complete series, coarsely: it is drawn until finer rows arrive. */
  async loadOverall() {
    if (this.overall || this.first) return;
    const [from, to] = this.source.extent;
    this.first = { from, to, width: (to - from) / OVERALL_BUCKETS, abort: new AbortController() };
    await this.fetch("first", OVERALL_BUCKETS, (rows) => {
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
    this.detail?.abort.abort();
    this.detail = { from: low, to: high, width: (high - low) / many, abort: new AbortController() };
    this.pending = null;
    this.begun = performance.now();
    await this.fetch("detail", many, (rows) => {
      this.loaded = [...this.loaded, rows].slice(-MAX_WINDOWS);
    });
  }

  /**
   * Sends the request in `slot`, and clears it.
   * @param {"detail" | "first"} slot
   * @param {number} buckets
   * @param {(rows: Rows) => void} store
   */
  async fetch(slot, buckets, store) {
    const request = /** @type {RowRequest} */ (this[slot]);
    const {
      from,
      to,
      abort: { signal },
    } = request;
    let rows = null;
    let problem = null;
    try {
      rows = await /** @type {any} */ (this.source).window(from, to, buckets, signal);
    } catch (error) {
      problem = error;
    }
    if (signal.aborted) return;
    if (this[slot] === request) this[slot] = null;
    if (problem) this.onError(problem);
    else {
      store(rows);
      this.onRows();
    }
  }

  /** Cancels the requests: another series is shown. */
  close() {
    this.detail?.abort.abort();
    this.first?.abort.abort();
    clearTimeout(this.timer ?? undefined);
    this.detail = null;
    this.first = null;
    this.pending = null;
    this.timer = null;
  }
}
