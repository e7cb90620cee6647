// A detection that runs on the service: its progress until it ends.
import { requestJson, send, ServiceError } from "../ui/api.js";
import { counted, duration } from "../ui/format.js";
import { detectionUrl } from "./resources.js";

const FIRST_WAIT = 60; // milliseconds until the first poll; a short detection is done by then
const MAX_WAIT = 1000;
const GROWTH = 1.4;
const MAX_FAILURES = 60; // in a row, one second apart: a service takes a while to restart
const END_STATES = ["done", "failed", "cancelled"];

const STAGES = {
  read: "Reading the series",
  fit: "Fitting the detector",
  detect: "Scoring the points",
  save: "Saving the results",
};

/** The stage of a job in words. */
export function stageText({ status, stage, ahead }) {
  if (status !== "queued") return STAGES[stage] ?? "Detecting anomalies";
  return ahead ? `Queued: ${counted(ahead, "other is", "others are")} ahead` : "Queued";
}

/** "about 20 s left", in steps that do not flicker; "" where it is unknown. */
export function remainingText(seconds) {
  if (seconds === null || seconds === undefined) return "";
  if (seconds < 2) return "almost done";
  const step = seconds < 20 ? 1 : seconds < 120 ? 10 : 60;
  return `about ${duration(Math.ceil(seconds / step) * step * 1000)} left`;
}

const wait = (ms, signal) =>
  new Promise((resolve, reject) => {
    const cancel = () => {
      clearTimeout(timer);
      reject(new DOMException("Cancelled.", "AbortError"));
    };
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", cancel, { once: true });
  });

/** The state of a job; repeats the request while the service is unreachable. */
async function poll(url, signal, connection) {
  for (let failures = 1; ; failures += 1) {
    try {
      return await requestJson("GET", url, { signal });
    } catch (error) {
      if (error.code !== "unreachable" || failures === MAX_FAILURES) throw error;
      connection.lost(error);
      await wait(MAX_WAIT, signal);
    }
  }
}

/**
 * Polls `job` until it ends. Resolves with the detection, rejects with a ServiceError where it failed. Aborting `signal`
 * stops the job on the service.
 * @param {any} job
 * @param {{signal: AbortSignal, onProgress: (job: any) => void, connection: import("../ui/connection.js").Connection}} options
 * @returns {Promise<Detection>}
 */
export async function follow(job, { signal, onProgress, connection }) {
  const url = detectionUrl(job.id, "?times=ms");
  let pause = FIRST_WAIT;
  try {
    while (!END_STATES.includes(job.status)) {
      onProgress(job);
      await wait(pause, signal);
      pause = Math.min(MAX_WAIT, pause * GROWTH);
      job = await poll(url, signal, connection);
    }
  } catch (error) {
    if (error.name === "AbortError") send("DELETE", detectionUrl(job.id)).catch(() => {}); // nothing depends on the response
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

/**
 * Passes the progress of a job on to `onStage` of ui/busy.js.
 * @param {import("../ui/busy.js").OnStage} onStage
 */
export function jobProgress(onStage) {
  return (job) =>
    onStage(stageText(job), job.status === "running" ? job.progress : null, remainingText(job.seconds_left));
}
