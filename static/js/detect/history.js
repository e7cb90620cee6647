// Keeps the address in step with what is shown: other data, or another column, is a step to which Back leads.
import { addressOf, readAddress } from "./address.js";
import { state } from "./state.js";

const UPDATE_DELAY = 300; // milliseconds after the window in view last changed

export class History {
  /** How many addresses are being restored. */
  paused = 0;
  /** The series and column of the current step. */
  step = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  timer = undefined;

  /**
   * @param {object} options
   * @param {() => {detector: string, params: Record<string, number>, detection?: string, window: [number, number] | null}} options.state
   * @param {(address: import("./address.js").Address) => void} options.onNavigate
   */
  constructor({ state: read, onNavigate }) {
    this.read = read;
    addEventListener("popstate", () => {
      clearTimeout(this.timer);
      if (location.search === (state.series ? this.address() : "")) return; // only a link within the page
      const address = readAddress(location.search);
      if (address.series || address.demo) onNavigate(address);
      else location.reload(); // back to the start
    });
  }

  /** The query that leads back to what is shown. */
  address() {
    const { source, series, column } = state;
    if (!series) return location.pathname;
    const { detector, params, detection, window } = this.read();
    const demo = source?.kind === "demo" ? { demo: source.query, detector, params } : {};
    const isOneOfSeveral = series.columns.length > 1;
    return addressOf({ ...demo, series: series.id, detection, column: isOneOfSeveral ? column : undefined, window });
  }

  /** Writes the address; `replace`: without a step. */
  update({ replace = false } = {}) {
    clearTimeout(this.timer);
    if (this.paused) return;
    const step = state.series ? `${state.series.id} ${state.column}` : "";
    const method = replace || step === this.step ? "replaceState" : "pushState";
    history[method](null, "", this.address());
    this.step = step;
  }

  /** Writes the address once the window in view is at rest. */
  scheduleUpdate() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.update(), UPDATE_DELAY);
  }

  /** The address stays while what it names is loaded. */
  pause() {
    this.paused += 1;
  }

  resume() {
    this.paused -= 1;
    if (state.series && !this.paused) this.update({ replace: true });
  }
}
