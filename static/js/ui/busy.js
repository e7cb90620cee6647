// One piece of work at a time: told after a moment, with its elapsed seconds and a way to stop it.
import { byId } from "./dom.js";

const PATIENCE = 300; // milliseconds of work that need no telling

let current = null;

function show(job) {
  const { fraction } = job;
  const percent = fraction === null || fraction >= 1 ? "" : ` ${Math.round(fraction * 100)} %`;
  byId("busy-label").textContent = `${job.label}${percent}`;
  const spent = `${((performance.now() - job.began) / 1000).toFixed(1)} s`;
  byId("busy-time").textContent = job.rest ? `${spent}, ${job.rest}` : spent;
  const bar = byId("busy-bar");
  if (percent) bar.value = fraction;
  else bar.removeAttribute("value");
  byId("busy").hidden = false;
}

/**
 * Runs `work({signal, stage})` and stops any that still runs. `stage(label, fraction, rest)` says what happens now; a
 * fraction of null is "no idea how much is left", `rest` says how much time is. Resolves with undefined when the work was cancelled.
 */
export async function busy(label, work) {
  current?.controller.abort();
  const job = { label, fraction: null, rest: "", began: performance.now(), controller: new AbortController() };
  current = job;
  const timer = setInterval(() => performance.now() - job.began > PATIENCE && show(job), 100);
  const stage = (words, fraction = null, rest = "") => Object.assign(job, { label: words, fraction, rest });
  document.body.setAttribute("aria-busy", "true");
  try {
    return await work({ signal: job.controller.signal, stage });
  } catch (error) {
    if (error.name === "AbortError") return undefined;
    throw error;
  } finally {
    clearInterval(timer);
    if (current === job) {
      current = null;
      byId("busy").hidden = true;
      document.body.removeAttribute("aria-busy");
    }
  }
}

byId("cancel").addEventListener("click", () => current?.controller.abort());
