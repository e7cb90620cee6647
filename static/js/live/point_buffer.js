// The newest points of a stream, as many as a tab can hold for days: columns of a fixed size, allocated once; and the
// events that these points belong to.
import { column, positions } from "../chart/columns.js";
import { position } from "../chart/decimate.js";

const VALUE_COLUMNS = ["values", "expected", "lower", "upper", "score"];
const COLUMNS = ["x", ...VALUE_COLUMNS, "flags", "detector", "confidence"];
const STEP_SAMPLE = 50; // distances
export const MAX_EVENTS = 500; // the newest; older ones stay dots in the chart

/** The median distance of neighbours at the end of the increasing `x`; 0 while there are none. @param {Float64Array} x */
export function typicalStep(x) {
  const from = Math.max(1, x.length - STEP_SAMPLE);
  const steps = Float64Array.from({ length: Math.max(0, x.length - from) }, (_, k) => x[from + k] - x[from + k - 1]);
  return steps.length ? steps.sort()[steps.length >> 1] : 0;
}

export class PointBuffer {
  start = 0;
  stop = 0;
  hasTimes = true;
  /** The detectors that scored. @type {string[]} */
  detectors = [];
  /** By id, in order of their start. @type {Map<string, AnomalyEvent>} */
  events = new Map();

  /** @param {number} capacity the newest points are held, older ones removed */
  constructor(capacity = 50000) {
    this.capacity = capacity;
    // Twice as long, so that points are removed by moving `start`, and are moved together once in `capacity` points.
    /** @type {Record<string, Float64Array>} */
    this.columns = Object.fromEntries(COLUMNS.map((name) => [name, new Float64Array(2 * capacity)]));
  }

  clear() {
    this.start = 0;
    this.stop = 0;
    this.hasTimes = true;
    this.detectors = [];
    this.events.clear();
  }

  get length() {
    return this.stop - this.start;
  }

  /** Removes all but the newest `n` points; whether there were more. @param {number} n */
  trim(n) {
    const { length } = this;
    this.start = Math.max(this.start, this.stop - Math.max(0, n));
    return this.length < length;
  }

  /** One column, oldest first: a view, valid until the next change. @param {string} name */
  view(name) {
    return this.columns[name].subarray(this.start, this.stop);
  }

  /** Adds a response of GET /api/v1/streams/{name}/points. Of two points of one time the later arrived stays. */
  add(response) {
    const rows = this.rowsOf(response);
    const n = rows.x.length;
    if (!n) return;
    const isRising = rows.x.every((x, k) => k === 0 || x > rows.x[k - 1]);
    const followsOn = !this.length || rows.x[0] > this.columns.x[this.stop - 1];
    if (isRising && followsOn) this.append(rows);
    else this.merge(rows);
    this.addEvents(response.events ?? []);
  }

  rowsOf(response) {
    const n = response.values.length;
    this.hasTimes = Boolean(response.times);
    const x = response.times
      ? column(response.times)
      : Float64Array.from({ length: n }, (_, k) => response.cursor - n + k);
    const values = Object.fromEntries(VALUE_COLUMNS.map((name) => [name, column(response[name])]));
    const detector = Float64Array.from({ length: n }, (_, k) => this.detectorIndex(response.judged_by?.[k]));
    const confidence = response.confidence ? column(response.confidence) : new Float64Array(n).fill(NaN);
    return { x, ...values, flags: Float64Array.from(response.is_anomaly, Number), detector, confidence };
  }

  detectorIndex(name) {
    if (!name) return NaN;
    if (!this.detectors.includes(name)) this.detectors.push(name);
    return this.detectors.indexOf(name);
  }

  append(rows) {
    const { capacity } = this;
    const skip = Math.max(0, rows.x.length - capacity);
    const n = rows.x.length - skip;
    if (this.stop + n > 2 * capacity) {
      const length = Math.min(this.length, capacity - n);
      for (const each of Object.values(this.columns)) each.copyWithin(0, this.stop - length, this.stop);
      this.start = 0;
      this.stop = length;
    }
    for (const name of COLUMNS) this.columns[name].set(rows[name].subarray(skip), this.stop);
    this.stop += n;
    this.start = Math.max(this.start, this.stop - capacity);
  }

  /** Adds points that belong before others: late ones, or history. */
  merge(rows) {
    const at =
      this.start +
      position(
        this.view("x"),
        rows.x.reduce((least, x) => Math.min(least, x)),
      );
    const held = this.stop - at;
    const all = Object.fromEntries(
      COLUMNS.map((name) => {
        const both = new Float64Array(held + rows.x.length);
        both.set(this.columns[name].subarray(at, this.stop));
        both.set(rows[name], held);
        return [name, both];
      }),
    );
    const order = Array.from(all.x.keys()).sort((a, b) => all.x[a] - all.x[b] || a - b);
    const last = order.filter((i, k) => all.x[i] !== all.x[order[k + 1]]);
    this.stop = at;
    this.append(Object.fromEntries(COLUMNS.map((name) => [name, Float64Array.from(last, (i) => all[name][i])])));
  }

  /** Adds events in place of those that they overlap: a longer one of the same id, or one of another merge gap. */
  addEvents(fresh) {
    if (!fresh.length) return;
    const overlapsFresh = ({ start, stop }) => fresh.some((event) => event.start < stop && start < event.stop);
    const others = [...this.events.values()].filter((event) => !overlapsFresh(event));
    const all = [...others, ...fresh].sort((a, b) => a.start - b.start).slice(-MAX_EVENTS);
    this.events = new Map(all.map((event) => [event.id, event]));
  }

  /** The point of the axis for a cursor or, where the stream has times, a time. */
  axisValue(cursor, time) {
    return this.hasTimes ? time : cursor - 1;
  }

  /**
   * The events whose first point is held, with rows in place of cursors; `from` and `to` are on the axis.
   * @returns {AnomalyEvent[]}
   */
  get heldEvents() {
    const x = this.view("x");
    const placed = [];
    for (const event of this.events.values()) {
      const from = this.axisValue(event.start, event.start_time);
      const to = this.axisValue(event.stop - 1, event.stop_time);
      const start = position(x, from);
      if (x[start] !== from) continue;
      const last = Math.min(position(x, to), x.length - 1);
      const peak = position(x, this.axisValue(event.peak, event.peak_time));
      placed.push({ ...event, from, to, start, stop: last + 1, peak: Math.min(peak, last) });
    }
    return placed;
  }

  /** What the chart draws; valid until the next change. @param {string} name @returns {any} */
  series(name) {
    const x = this.view("x");
    const columns = Object.fromEntries([...VALUE_COLUMNS, "flags"].map((each) => [each, this.view(each)]));
    const events = this.heldEvents;
    return {
      name,
      x,
      hasTimes: this.hasTimes,
      step: typicalStep(x),
      labels: [],
      ...columns,
      flagged: positions(columns.flags),
      events,
      peaks: Int32Array.from(events, ({ peak }) => peak),
    };
  }

  /** The name of the detector that scored the newest point; undefined where none did. */
  get detector() {
    return this.length ? this.detectors[this.columns.detector[this.stop - 1]] : undefined;
  }

  /** The confidence of the newest point, 0 to 1; NaN where it is unknown. */
  get confidence() {
    return this.length ? this.columns.confidence[this.stop - 1] : NaN;
  }
}
