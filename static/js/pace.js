// How often events come, in words, and how strict the judgement must be for a wanted pace.
import { count, counted, duration, rough } from "./format.js";

const DAY = 86_400_000;
const UNITS = [
  { name: "hour", ms: DAY / 24 },
  { name: "day", ms: DAY },
  { name: "week", ms: 7 * DAY },
  { name: "month", ms: 30.44 * DAY },
  { name: "year", ms: 365.25 * DAY },
];

/** The units of time of which a series of `length` ms holds at least one, the shortest first. */
export const unitsWithin = (length) => UNITS.filter(({ ms }) => ms <= length);

/** "9 events, about 3 a month"; without a length (ms) to count by, "9 events in 2,000 points". */
export function paceWords(events, length, points) {
  const told = counted(events, "event");
  if (!(length > 0)) return `${told} in ${counted(points, "point")}`;
  if (!events) return `${told} in ${duration(length)}`;
  const unit = unitsWithin(length).find(({ ms }) => (events / length) * ms >= 0.95);
  if (!unit) return `${told} in ${duration(length)}`;
  return `${told}, about ${count(Math.round((events / length) * unit.ms))} ${unit.name === "hour" ? "an" : "a"} ${unit.name}`;
}

/**
 * The step of a curve [{at, events}] whose number of events is nearest to `wanted`; of equals the strictest, as it has
 * the fewest doubtful ones. Null for an empty curve.
 */
export function nearest(curve, wanted) {
  return curve.reduce((best, step) => {
    if (!best) return step;
    const [far, near] = [Math.abs(step.events - wanted), Math.abs(best.events - wanted)];
    return far < near || (far === near && step.at > best.at) ? step : best;
  }, null);
}

/** How many events of `length` ms are wanted, at `rate` of them in each unit of this name. */
export const wantedEvents = (rate, name, length) => (rate * length) / UNITS.find((unit) => unit.name === name).ms;

/** Names of events that two judgements share, by overlap: {kept, gained, lost}, each a list of events (half open). */
export function changed(before, after) {
  const touches = (list) => {
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
  const [inBefore, inAfter] = [touches(before), touches(after)];
  return {
    kept: after.filter(inBefore),
    gained: after.filter((event) => !inBefore(event)),
    lost: before.filter((event) => !inAfter(event)),
  };
}

/** "3 of 4 marked anomalies found (recall 75 %), 1 false alarm among 4 events judged (precision 75 %)". */
export const share = (part) => (part === null || part === undefined || Number.isNaN(part) ? "–" : `${rough(part * 100)} %`);
