// Asks for what is new, again and again: not while paused or out of sight, slower while the service is away.

export const LIMIT = 2000; // points asked for at once
const MOST_PAGES = 5; // further behind than this, it goes on from the newest points
const SLOWEST = 5000; // milliseconds between two tries while the service is away
const PATIENCE = 20000; // milliseconds until an answer is given up

/** How long to wait after `failures` in a row. */
export const backOff = (interval, failures) => Math.max(interval, Math.min(SLOWEST, 500 * 2 ** (failures - 1)));

export class Poller {
  /**
   * `read(cursor, limit, signal)` asks for the points after a cursor, or for the newest where it is null.
   * `onAnswer(answer, fresh)` takes them; `fresh`: they do not follow on what came before.
   * `onProblem(error, wait)` is told of a failure and when the next try comes, `onWell()` of the first answer after one.
   */
  constructor({ read, onAnswer, onProblem, onWell, interval = 500 }) {
    Object.assign(this, { read, onAnswer, onProblem, onWell, interval });
    Object.assign(this, {
      cursor: null,
      pages: 0,
      failures: 0,
      on: false,
      paused: false,
      hidden: false,
      turn: null,
      timer: 0,
    });
  }

  /** Begins anew, with the newest points. */
  start() {
    Object.assign(this, { cursor: null, pages: 0, failures: 0, on: true });
    this.go();
  }

  stop() {
    this.on = false;
    this.halt();
  }

  set(changes) {
    Object.assign(this, changes);
    this.go();
  }

  get running() {
    return this.on && !this.paused && !this.hidden;
  }

  halt() {
    clearTimeout(this.timer);
    this.turn?.abort();
    this.turn = null;
  }

  go() {
    this.halt();
    if (this.running) this.ask(new AbortController());
  }

  async ask(turn) {
    this.turn = turn;
    const patience = setTimeout(() => turn.abort(), PATIENCE);
    let wait;
    try {
      const answer = await this.read(this.cursor, LIMIT, turn.signal);
      if (this.turn === turn) wait = this.take(answer);
    } catch (error) {
      if (this.turn === turn) wait = this.fail(error);
    } finally {
      clearTimeout(patience);
    }
    if (this.turn === turn) this.timer = setTimeout(() => this.ask(new AbortController()), wait);
  }

  take(answer) {
    const fresh = this.cursor === null || answer.cursor < this.cursor; // a stream deleted and made anew counts from 0
    const behind = !fresh && answer.values.length >= LIMIT;
    this.pages = behind ? this.pages + 1 : 0;
    this.cursor = this.pages >= MOST_PAGES ? null : answer.cursor;
    if (this.failures) this.onWell();
    this.failures = 0;
    this.onAnswer(answer, fresh);
    return behind ? 0 : this.interval;
  }

  fail(error) {
    this.failures += 1;
    const wait = backOff(this.interval, this.failures);
    this.onProblem(error, wait);
    return wait;
  }
}
