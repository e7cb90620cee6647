// The service's answers as typed columns, ready to draw. `null` becomes NaN.

/** Numbers as a typed column. */
export const column = (values) => {
  const out = new Float64Array(values.length);
  for (let i = 0; i < out.length; i += 1) out[i] = values[i] === null ? NaN : values[i];
  return out;
};

/** Half open runs of true values: [[start, stop]]. */
export function runs(flags) {
  const found = [];
  let start = -1;
  for (let i = 0; i <= flags.length; i += 1) {
    if (flags[i] && start < 0) start = i;
    if (!flags[i] && start >= 0) {
      found.push([start, i]);
      start = -1;
    }
  }
  return found;
}

/** Positions of the true values. */
export function positions(flags) {
  const found = [];
  for (let i = 0; i < flags.length; i += 1) if (flags[i]) found.push(i);
  return Int32Array.from(found);
}

/** What was read: {name, x, hasTimes, step, values}. `x` is epoch milliseconds, or 0, 1, 2, … without times. */
export function fromRead(answer) {
  const x = answer.times ? column(answer.times) : Float64Array.from(answer.values, (_, i) => i);
  return {
    name: answer.column ?? answer.name,
    x,
    hasTimes: Boolean(answer.times),
    step: answer.times ? (answer.step_seconds ?? 0) * 1000 : 1,
    values: column(answer.values),
    labels: [],
  };
}

/** What was detected, on top of what was read. */
export function withResult(read, answer) {
  return {
    ...read,
    values: column(answer.values),
    expected: column(answer.expected),
    lower: column(answer.lower),
    upper: column(answer.upper),
    score: column(answer.score),
    flagged: positions(answer.is_anomaly),
    peaks: Int32Array.from(answer.events, (event) => event.peak),
    events: answer.events,
    threshold: answer.threshold,
  };
}
