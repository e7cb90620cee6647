// The rate of events, in words and in a unit of time.
import { count, counted, duration, rough } from "../ui/format.js";

const DAY = 86_400_000;
const MONTH = 2_629_746_000; // milliseconds, as the service counts
const UNITS = [
  { name: "hour", ms: DAY / 24 },
  { name: "day", ms: DAY },
  { name: "week", ms: 7 * DAY },
  { name: "month", ms: MONTH },
  { name: "year", ms: 12 * MONTH },
];

/** The units of time of which a series of `length` ms holds at least one, the shortest first. */
export const unitsWithin = (length) => UNITS.filter(({ ms }) => ms <= length);

const unitOf = (name) => UNITS.find((unit) => unit.name === name);
const lengthOf = (name) => unitOf(name)?.ms ?? NaN;
const rate = (value) => (value >= 10 ? count(value) : String(Number(value.toPrecision(2))));

/** "9 events, about 3 a month", in the unit of this name; "9 events in 2,000 points" without a length (ms). */
export function rateText(events, length, points, name) {
  const total = counted(events, "event");
  if (!(length > 0)) return `${total} in ${counted(points, "point")}`;
  const unit = unitOf(name);
  if (!events || !unit) return `${total} in ${duration(length)}`;
  return `${total}, about ${rate((events / length) * unit.ms)} ${unit.name === "hour" ? "an" : "a"} ${unit.name}`;
}

/** The number of events in `length` ms, at a rate of `each` per unit of this name. */
export const eventsIn = (each, name, length) => (each * length) / lengthOf(name);

/** The same rate per month. */
export const perMonth = (each, name) => eventsIn(each, name, MONTH);

/** The highest rate per unit of this name that the service accepts. */
export const maxRate = (name) => Math.min(1e5, Math.floor(1e6 / perMonth(1, name)));

/** The events that two detections share by overlap, and those that only one has: {same, gained, lost}. */
export function compareEvents(before, after) {
  const overlapping = (list) => {
    const sorted = list.toSorted((a, b) => a.start - b.start);
    return ({ start, stop }) => {
      let low = 0;
      for (let high = sorted.length; low < high;) {
        const middle = (low + high) >>> 1;
        if (sorted[middle].stop <= start) low = middle + 1;
        else high = middle;
      }
      return low < sorted.length && sorted[low].start < stop;
    };
  };
  const [inBefore, inAfter] = [overlapping(before), overlapping(after)];
  return {
    same: after.filter(inBefore),
    gained: after.filter((event) => !inBefore(event)),
    lost: before.filter((event) => !inAfter(event)),
  };
}

/** A share as "75 %"; "–" where it is unknown. */
export const share = (part) =>
  part === null || part === undefined || Number.isNaN(part) ? "–" : `${rough(part * 100)} %`;
