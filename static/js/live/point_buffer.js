// The newest points of a stream, as many as a tab can hold for days: columns of a fixed size, made once.
import { column, positions } from "../chart/columns.js";
import { position } from "../chart/decimate.js";

const COLUMNS = ["x", "values", "expected", "lower", "upper", "score", "flags", "judge", "confidence"];
const STEPS = 50; // the usual step is learned from so many

/** The usual distance of neighbours at the end of the increasing `x`; 0 while there are none. */
export function usualStep(x) {
  const from = Math.max(1, x.length - STEPS);
  const steps = Float64Array.from({ length: Math.max(0, x.length - from) }, (_, k) => x[from + k] - x[from + k - 1]);
  return steps.length ? steps.sort()[steps.length >> 1] : 0;
}

export class History {
  /** Keeps the newest `capacity` points; older ones fall out. */
  constructor(capacity = 50000) {
    this.capacity = capacity;
    // Twice as long, so that points fall out by moving a border, and are moved together once in `capacity` points.
    this.columns = Object.fromEntries(COLUMNS.map((name) => [name, new Float64Array(2 * capacity)]));
    this.clear();
  }

  clear() {
    this.start = 0;
    this.stop = 0;
    this.hasTimes = true;
    this.judges = []; // the names of the detectors that judged
  }

  get length() {
    return this.stop - this.start;
  }

  /** Lets go of all but the newest `n` points; whether there were more. */
  keep(n) {
    const { length } = this;
    this.start = Math.max(this.start, this.stop - Math.max(0, n));
    return this.length < length;
  }

  /** The points held of one column, oldest first: a view that the next change makes void. */
  view(name) {
    return this.columns[name].subarray(this.start, this.stop);
  }

  /** Takes what GET /api/v1/streams/{name}/points answered. Of two points of one time the later arrived stays. */
  add(answer) {
    const rows = this.rowsOf(answer);
    const n = rows.x.length;
    if (!n) return;
    const rising = rows.x.every((x, k) => k === 0 || x > rows.x[k - 1]);
    if (rising && !(rows.x[0] <= this.columns.x[this.stop - 1] && this.length)) this.append(rows);
    else this.merge(rows);
  }

  rowsOf(answer) {
    const n = answer.values.length;
    this.hasTimes = Boolean(answer.times);
    const x = answer.times ? column(answer.times) : Float64Array.from({ length: n }, (_, k) => answer.cursor - n + k);
    const rest = Object.fromEntries(
      ["values", "expected", "lower", "upper", "score"].map((name) => [name, column(answer[name])]),
    );
    const judge = Float64Array.from({ length: n }, (_, k) => this.judgeOf(answer.judged_by?.[k]));
    const confidence = answer.confidence ? column(answer.confidence) : new Float64Array(n).fill(NaN);
    return { x, ...rest, flags: Float64Array.from(answer.is_anomaly, Number), judge, confidence };
  }

  judgeOf(name) {
    if (!name) return NaN;
    if (!this.judges.includes(name)) this.judges.push(name);
    return this.judges.indexOf(name);
  }

  append(rows) {
    const { capacity } = this;
    const skip = Math.max(0, rows.x.length - capacity);
    const n = rows.x.length - skip;
    if (this.stop + n > 2 * capacity) {
      const kept = Math.min(this.length, capacity - n);
      for (const each of Object.values(this.columns)) each.copyWithin(0, this.stop - kept, this.stop);
      this.start = 0;
      this.stop = kept;
    }
    for (const name of COLUMNS) this.columns[name].set(rows[name].subarray(skip), this.stop);
    this.stop += n;
    this.start = Math.max(this.start, this.stop - capacity);
  }

  /** Points that belong before others: late ones, or history asked for afterwards. */
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

  /** What the chart draws; void after the next change. */
  series(name) {
    const x = this.view("x");
    const columns = Object.fromEntries(
      ["values", "expected", "lower", "upper", "score", "flags"].map((each) => [each, this.view(each)]),
    );
    return {
      name,
      x,
      hasTimes: this.hasTimes,
      step: usualStep(x),
      labels: [],
      ...columns,
      flagged: positions(columns.flags),
    };
  }

  /** The name of the detector that judged the newest point; undefined where none did. */
  get judge() {
    return this.length ? this.judges[this.columns.judge[this.stop - 1]] : undefined;
  }

  /** How sure the newest verdict is, 0 to 1; NaN where nobody said. */
  get confidence() {
    return this.length ? this.columns.confidence[this.stop - 1] : NaN;
  }
}
