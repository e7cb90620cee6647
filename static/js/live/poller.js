// Polls for new points: not while paused or hidden, and more slowly while the service does not answer.

export const PAGE_POINTS = 2000; // in one response
const MAX_PAGES = 5; // further behind than this, it continues with the newest points
const MAX_RETRY_DELAY = 5000; // milliseconds, while the service does not answer
const TIMEOUT = 20000; // milliseconds

/** Milliseconds until the next try after so many failures in a row. */
export const retryDelay = (interval, failures) =>
  Math.max(interval, Math.min(MAX_RETRY_DELAY, 500 * 2 ** (failures - 1)));

export class Poller {
  /** @type {number | null} of the last point read; null: the newest points are next */
  cursor = null;
  pages = 0;
  failures = 0;
  started = false;
  paused = false;
  hidden = false;
  /** The running request. @type {AbortController | null} */
  request = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  timer = undefined;

  /**
   * @param {object} options
   * @param {(cursor: number | null, limit: number, signal: AbortSignal) => Promise<any>} options.read requests the points
   *   after a cursor, or the newest where it is null
   * @param {(response: any, isNew: boolean) => void} options.onPoints `isNew`: they do not follow those before
   * @param {(error: any, delay: number) => void} options.onError `delay`: milliseconds until the next try
   * @param {() => void} options.onRecovery the first response after an error
   * @param {number} [options.interval] milliseconds
   */
  constructor({ read, onPoints, onError, onRecovery, interval = 500 }) {
    this.read = read;
    this.onPoints = onPoints;
    this.onError = onError;
    this.onRecovery = onRecovery;
    this.interval = interval;
  }

  /** Starts with the newest points. */
  start() {
    this.cursor = null;
    this.pages = 0;
    this.failures = 0;
    this.started = true;
    this.poll();
  }

  stop() {
    this.started = false;
    this.cancel();
  }

  /** @param {{interval?: number, paused?: boolean, hidden?: boolean}} changes */
  set(changes) {
    Object.assign(this, changes);
    this.poll();
  }

  get running() {
    return this.started && !this.paused && !this.hidden;
  }

  cancel() {
    clearTimeout(this.timer);
    this.request?.abort();
    this.request = null;
  }

  poll() {
    this.cancel();
    if (this.running) this.send(new AbortController());
  }

  async send(request) {
    this.request = request;
    const timeout = setTimeout(() => request.abort(), TIMEOUT);
    let delay;
    try {
      const response = await this.read(this.cursor, PAGE_POINTS, request.signal);
      if (this.request === request) delay = this.succeed(response);
    } catch (error) {
      if (this.request === request) delay = this.fail(error);
    } finally {
      clearTimeout(timeout);
    }
    if (this.request === request) this.timer = setTimeout(() => this.send(new AbortController()), delay);
  }

  succeed(response) {
    // The cursor of a stream that was deleted and created again starts from 0.
    const isNew = this.cursor === null || response.cursor < this.cursor;
    const isBehind = !isNew && response.values.length >= PAGE_POINTS;
    this.pages = isBehind ? this.pages + 1 : 0;
    this.cursor = this.pages >= MAX_PAGES ? null : response.cursor;
    if (this.failures) this.onRecovery();
    this.failures = 0;
    this.onPoints(response, isNew);
    return isBehind ? 0 : this.interval;
  }

  fail(error) {
    this.failures += 1;
    const delay = retryDelay(this.interval, this.failures);
    this.onError(error, delay);
    return delay;
  }
}
