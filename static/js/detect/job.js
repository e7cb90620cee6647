// Long work on the service: its progress, its stage, how much time is left; its result or its end.
import { ask, send, ServiceError } from "../ui/api.js";
import { serviceAway } from "../ui/connection.js";
import { counted, duration } from "../ui/format.js";
import { detectionUrl } from "./resources.js";

const FIRST = 60; // ms until it is asked again; small work is done by then
const LONGEST = 1000;
const GROWTH = 1.4;
const TRIES = 60; // unanswered in a row, a second apart, before it is given up: a service takes a while to start
const ENDED = ["done", "failed", "cancelled"];

const STAGES = {
  read: "Reading the series",
  fit: "Learning what is usual",
  detect: "Judging every point",
  save: "Keeping the results",
};

/** What happens now, in words. */
export function stageWords({ status, stage, ahead }) {
  if (status !== "queued") return STAGES[stage] ?? "Detecting anomalies";
  return ahead ? `Waiting for its turn: ${counted(ahead, "other is", "others are")} before it` : "Waiting for its turn";
}

/** "about 20 s left", in steps that do not flicker; "" while nobody knows. */
export function leftWords(seconds) {
  if (seconds === null || seconds === undefined) return "";
  if (seconds < 2) return "almost done";
  const step = seconds < 20 ? 1 : seconds < 120 ? 10 : 60;
  return `about ${duration(Math.ceil(seconds / step) * step * 1000)} left`;
}

const pause = (ms, signal) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        reject(new DOMException("Cancelled.", "AbortError"));
      },
      { once: true },
    );
  });

/** The answer about work that goes on; a service that is away for a moment is asked again. */
async function again(url, signal) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask("GET", url, { signal });
    } catch (error) {
      if (error.code !== "unreachable" || tries === TRIES) throw error;
      serviceAway(error); // which takes its words back by itself
      await pause(LONGEST, signal);
    }
  }
}

/**
 * Follows the work `job` from its first answer to its end; `onProgress(job)` is told of each answer. Resolves with the
 * last one, rejects with a ServiceError where it failed. An aborted `signal` stops the work, too.
 */
export async function follow(job, { signal, onProgress }) {
  const url = detectionUrl(job.id, "?times=ms");
  let wait = FIRST;
  try {
    while (!ENDED.includes(job.status)) {
      onProgress(job);
      await pause(wait, signal);
      wait = Math.min(LONGEST, wait * GROWTH);
      job = await again(url, signal);
    }
  } catch (error) {
    if (error.name === "AbortError") send("DELETE", detectionUrl(job.id)).catch(() => {}); // nobody waits for the answer: it is told by its absence
    throw error;
  }
  if (job.status === "done") return job;
  const { code, message, detail } = job.error ?? {};
  throw new ServiceError({
    code: code ?? job.status,
    message: message ?? "The work was stopped. Start it again.",
    detail,
  });
}

/** A teller for `stage(words, fraction, rest)` of busy.js: what happens in a job, how far it is, how long it takes. */
export function progressTeller(stage) {
  return (job) => stage(stageWords(job), job.status === "running" ? job.progress : null, leftWords(job.seconds_left));
}
