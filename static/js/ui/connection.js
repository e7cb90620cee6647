// A service that does not answer: said once, tried again by itself, and taken back when it is there again.
import { ask } from "./api.js";
import { announce, byId } from "./dom.js";

const EVERY = 2000; // ms
let timer = null;
let waiting = null; // what is done once it is back

export function serviceBack() {
  clearTimeout(timer);
  timer = waiting = null;
  if (byId("offline").hidden) return;
  byId("offline").hidden = true;
  announce("The service answers again.");
}

/** Says what is wrong; of a service that is away, calls the last `again` given, if any, as soon as it is back. */
export function serviceAway(error, again) {
  const away = error.code === "unreachable";
  byId("offline").textContent = away
    ? "The service does not answer. What is shown stays; the page tries again by itself."
    : `The chart could not be drawn anew: ${error.message}`;
  byId("offline").hidden = false;
  if (!away) return;
  waiting = again ?? waiting;
  if (timer) return;
  const attempt = async () => {
    try {
      await ask("GET", "/healthz");
    } catch (failure) {
      if (failure.status === undefined) throw failure; // a mistake of ours, not the service's
      timer = setTimeout(attempt, EVERY);
      return;
    }
    const next = waiting;
    serviceBack();
    next?.();
  };
  timer = setTimeout(attempt, EVERY);
}
