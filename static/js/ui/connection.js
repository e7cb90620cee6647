// A service that does not answer: shown once, polled until it is back, then hidden.
import { requestJson, ServiceError } from "./api.js";
import { announce } from "./dom.js";

const RETRY_INTERVAL = 2000; // milliseconds

export class Connection {
  /** @param {HTMLElement} banner */
  constructor(banner) {
    this.banner = banner;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    /** @type {(() => void) | null} runs once the service is back */
    this.retry = null;
  }

  /**
   * Shows an error. Where the service is unreachable, runs the last `retry`, if any, as soon as it is back.
   * @param {{code?: string, message: string}} error
   * @param {() => void} [retry]
   */
  lost(error, retry) {
    const unreachable = error.code === "unreachable";
    this.banner.textContent = unreachable
      ? "The service does not answer. The page keeps its content and retries."
      : `The chart could not be updated: ${error.message}`;
    this.banner.hidden = false;
    if (!unreachable) return;
    this.retry = retry ?? this.retry;
    if (this.timer === undefined) this.timer = setTimeout(() => this.poll(), RETRY_INTERVAL);
  }

  async poll() {
    try {
      await requestJson("GET", "/healthz");
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      this.timer = setTimeout(() => this.poll(), RETRY_INTERVAL);
      return;
    }
    const { retry } = this;
    this.restored();
    retry?.();
  }

  restored() {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.retry = null;
    if (this.banner.hidden) return;
    this.banner.hidden = true;
    announce("The service answers again.");
  }
}
