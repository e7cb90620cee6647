// What the page shows of its state in its address, so that a link or a reload leads back: the demo and the settings.

const DEMO = ["kind", "points", "seed"];

/** {demo: {kind, points, seed} or null, detector, params} from the query of an address. */
export function readAddress(search) {
  const found = new URLSearchParams(search);
  const demo = found.has("kind") ? Object.fromEntries(DEMO.filter((name) => found.has(name)).map((name) => [name, found.get(name)])) : null;
  const detector = found.get("detector") ?? undefined;
  const rest = [...found].filter(([name, value]) => ![...DEMO, "detector"].includes(name) && Number.isFinite(Number(value)));
  return { demo, detector, params: Object.fromEntries(rest.map(([name, value]) => [name, Number(value)])) };
}

/** The query that says the same. A file has none: it is not the page's to keep. */
export function addressOf(demo, detector, params) {
  return `?${new URLSearchParams({ ...demo, detector, ...params })}`;
}
