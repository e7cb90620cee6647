// What the page shows, in its address, so that a link or a reload leads back: data, judgement and the window in view.

const DEMO = ["kind", "points", "seed"];
const OWN = "detector_"; // before a parameter that is called like one of the demo's: both have a seed
const KEPT = ["series", "detection", "column"];
const WINDOW = ["from", "to"];

/**
 * {demo: {kind, points, seed} or null, series, detection, column, window: [from, to] or null, detector, params} from
 * the query of an address.
 */
export function readAddress(search) {
  const found = new URLSearchParams(search);
  const demo = found.has("kind")
    ? Object.fromEntries(DEMO.filter((name) => found.has(name)).map((name) => [name, found.get(name)]))
    : null;
  const known = [...DEMO, ...KEPT, ...WINDOW, "detector"];
  const rest = [...found].filter(
    ([name, value]) => !known.includes(name) && value !== "" && Number.isFinite(Number(value)),
  );
  const [from, to] = WINDOW.map((name) => Number(found.get(name) ?? NaN));
  return {
    demo,
    ...Object.fromEntries([...KEPT, "detector"].map((name) => [name, found.get(name) ?? undefined])),
    window: from < to ? [from, to] : null,
    params: Object.fromEntries(rest.map(([name, value]) => [name.replace(OWN, ""), Number(value)])),
  };
}

/** The query that says the same; what is not known is left out. */
export function addressOf({ demo, series, detection, column, window, detector, params }) {
  const own = Object.entries(params ?? {}).map(([name, value]) => [DEMO.includes(name) ? OWN + name : name, value]);
  const told = {
    ...demo,
    series,
    detection,
    column,
    ...(window ? { from: window[0], to: window[1] } : {}),
    detector,
    ...Object.fromEntries(own),
  };
  return `?${new URLSearchParams(Object.entries(told).filter(([, value]) => value !== undefined && value !== null))}`;
}
