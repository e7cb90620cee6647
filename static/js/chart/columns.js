// Columns of a response as typed arrays, ready to draw.

/** Numbers as a typed column; `null` becomes NaN. @param {(number | null)[]} values */
export function column(values) {
  const out = new Float64Array(values.length);
  for (let i = 0; i < out.length; i += 1) out[i] = values[i] ?? NaN;
  return out;
}

/** Positions of the true values. @param {ArrayLike<boolean | number>} flags */
export function positions(flags) {
  const result = [];
  for (let i = 0; i < flags.length; i += 1) if (flags[i]) result.push(i);
  return Int32Array.from(result);
}
