// Progress of the one task that runs at a time: shown after a moment, with elapsed seconds and a button to cancel it.
import { find } from "./dom.js";

const SHOW_AFTER = 300; // milliseconds
const REFRESH_INTERVAL = 100; // milliseconds

/**
 * @typedef {object} Task
 * @property {string} label
 * @property {number | null} fraction done; null: unknown
 * @property {string} remaining how much time is left, in words
 * @property {number} began
 * @property {AbortController} controller
 */

/** @typedef {(label: string, fraction?: number | null, remaining?: string) => void} OnStage */

class BusyIndicator {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.label = find(root, "#busy-label");
    this.time = find(root, "#busy-time");
    this.bar = find(root, "#busy-bar", HTMLProgressElement);
    find(root, "#cancel").addEventListener("click", () => current?.controller.abort());
  }

  /** @param {Task} task */
  show({ label, fraction, remaining, began }) {
    const known = fraction !== null && fraction < 1;
    const elapsed = `${((performance.now() - began) / 1000).toFixed(1)} s`;
    this.label.textContent = known ? `${label} ${Math.round(fraction * 100)} %` : label;
    this.time.textContent = remaining ? `${elapsed}, ${remaining}` : elapsed;
    if (known) this.bar.value = fraction;
    else this.bar.removeAttribute("value");
    this.root.hidden = false;
  }

  hide() {
    this.root.hidden = true;
  }
}

/** @type {BusyIndicator | null} */
let indicator = null;
/** @type {Task | null} */
let current = null;

/** Shows tasks in `root` from now on. @param {HTMLElement} root */
export function mountBusyIndicator(root) {
  indicator = new BusyIndicator(root);
}

/**
 * Runs `work` and cancels a task that still runs. `onStage` updates what is shown. Resolves with undefined when the work
 * was cancelled.
 * @template T
 * @param {string} label
 * @param {(task: {signal: AbortSignal, onStage: OnStage}) => Promise<T>} work
 * @returns {Promise<T | undefined>}
 */
export async function runBusy(label, work) {
  current?.controller.abort();
  /** @type {Task} */
  const task = { label, fraction: null, remaining: "", began: performance.now(), controller: new AbortController() };
  current = task;
  const timer = setInterval(() => {
    if (performance.now() - task.began > SHOW_AFTER) indicator?.show(task);
  }, REFRESH_INTERVAL);
  /** @type {OnStage} */
  const onStage = (stage, fraction = null, remaining = "") => {
    task.label = stage;
    task.fraction = fraction;
    task.remaining = remaining;
  };
  document.body.setAttribute("aria-busy", "true");
  try {
    return await work({ signal: task.controller.signal, onStage });
  } catch (error) {
    if (error.name === "AbortError") return undefined;
    throw error;
  } finally {
    clearInterval(timer);
    if (current === task) {
      current = null;
      indicator?.hide();
      document.body.removeAttribute("aria-busy");
    }
  }
}
