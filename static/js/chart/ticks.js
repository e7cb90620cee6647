// Where an axis is marked and what stands there. Times are UTC, in milliseconds since 1970.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MONTH = 30.44 * DAY;
// 1970 began on a Thursday; weeks are counted from a Monday.
const FIRST_MONDAY = 4 * DAY;

const STEPS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 7, 14].map((n) => n * DAY),
];
const MONTHS = [1, 2, 3, 6];

/** 1, 2 or 5 times a power of ten: the smallest not below `step`. */
export function niceStep(step) {
  const power = 10 ** Math.floor(Math.log10(step));
  return [1, 2, 5, 10].map((n) => n * power).find((each) => each >= step * 0.999) ?? 10 * power;
}

/** Whole positions from..to, at most about `target` of them: [{value, label}]. */
export function indexTicks(from, to, target) {
  const step = Math.max(1, niceStep((to - from) / target));
  const ticks = [];
  for (let value = Math.ceil(from / step) * step; value <= to; value += step) {
    ticks.push({ value, label: value.toLocaleString("en") });
  }
  return ticks;
}

function evenly(from, to, step) {
  const origin = step >= 7 * DAY ? FIRST_MONDAY : 0;
  const values = [];
  for (let value = Math.ceil((from - origin) / step) * step + origin; value <= to; value += step) values.push(value);
  return values;
}

function monthly(from, to, months) {
  const first = new Date(from);
  let month = Math.floor((first.getUTCFullYear() * 12 + first.getUTCMonth()) / months) * months;
  const values = [];
  for (;;) {
    const value = new Date(0).setUTCFullYear(Math.floor(month / 12), month % 12, 1);
    if (value > to) return values;
    if (value >= from) values.push(value);
    month += months;
  }
}

const format = (options) => new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", ...options });
// Made once: making one takes longer than drawing a line.
const FULL = format({ day: "numeric", month: "short", year: "numeric" });
const DATE = format({ day: "numeric", month: "short" });
const MONTH_NAME = format({ month: "short" });
const YEAR = format({ year: "numeric" });

function words(value, step) {
  const clock = new Date(value).toISOString();
  const date = FULL.format(value);
  if (step < SECOND) return [clock.slice(11, 23), date];
  if (step < MINUTE) return [clock.slice(11, 19), date];
  if (step < DAY) return [clock.slice(11, 16), date];
  const year = YEAR.format(value);
  if (step < MONTH * 0.9) return [DATE.format(value), year];
  return step < MONTH * 11 ? [MONTH_NAME.format(value), year] : [year, ""];
}

/** Round times from..to, at most about `target` of them: [{value, label: [what, where it changes: date or year]}]. */
export function timeTicks(from, to, target) {
  const wanted = (to - from) / target;
  let step = STEPS.find((each) => each >= wanted);
  let values;
  if (step) {
    values = evenly(from, to, step);
  } else {
    const months = MONTHS.find((each) => each * MONTH >= wanted) ?? 12 * niceStep(Math.max(1, wanted / (12 * MONTH)));
    step = months * MONTH;
    values = monthly(from, to, months);
  }
  let before = "";
  return values.map((value) => {
    const [what, where] = words(value, step);
    const label = where && where !== before ? [what, where] : [what];
    before = where;
    return { value, label };
  });
}
