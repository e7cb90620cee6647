// How often events come, in words and in a unit of time.
import { count, counted, duration, rough } from "../ui/format.js";

const DAY = 86_400_000;
const MONTH = 2_629_746_000; // ms, as the service counts
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
const rate = (value) => (value >= 10 ? count(value) : String(Number(value.toPrecision(2))));

/**
 * "9 events, about 3 a month", in the unit of this name; without a length (ms) to count by, or a unit that it holds, "9
 * events in 2,000 points".
 */
export function paceWords(events, length, points, name) {
  const told = counted(events, "event");
  if (!(length > 0)) return `${told} in ${counted(points, "point")}`;
  const unit = unitOf(name);
  if (!events || !unit) return `${told} in ${duration(length)}`;
  return `${told}, about ${rate((events / length) * unit.ms)} ${unit.name === "hour" ? "an" : "a"} ${unit.name}`;
}

/** How many events of `length` ms are wanted, at `each` of them in each unit of this name. */
export const wantedEvents = (each, name, length) => (each * length) / unitOf(name).ms;

/** The same pace, so many a month. */
export const perMonth = (each, name) => wantedEvents(each, name, MONTH);

/** The most events in a unit of this name that the service can be asked for. */
export const mostEach = (name) => Math.min(1e5, Math.floor(1e6 / perMonth(1, name)));

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
export const share = (part) =>
  part === null || part === undefined || Number.isNaN(part) ? "–" : `${rough(part * 100)} %`;
