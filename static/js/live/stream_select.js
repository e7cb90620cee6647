// Which stream is shown, how often it is refreshed and how many of its points are drawn; the address holds all three.
import { requestJson } from "../ui/api.js";
import { element, find } from "../ui/dom.js";
import { count } from "../ui/format.js";

export const DEMO = "demo";
const MAX_STREAMS = 1000; // in the list; any other opens by its address

/** The names of the streams, at most MAX_STREAMS, and whether there are more. */
export async function listStreams() {
  const names = [];
  let after;
  do {
    const query = new URLSearchParams({ limit: String(MAX_STREAMS), ...(after ? { after } : {}) });
    const page = await requestJson("GET", `/api/v1/streams?${query}`);
    names.push(...page.streams.map(({ name }) => name));
    after = page.next;
  } while (after && names.length < MAX_STREAMS);
  return { names: names.slice(0, MAX_STREAMS), more: Boolean(after) };
}

export class StreamSelect {
  /**
   * @param {HTMLElement} root
   * @param {{onSelect: (name: string) => void, onInterval: (ms: number) => void, onPoints: (n: number) => void}} events
   */
  constructor(root, { onSelect, onInterval, onPoints }) {
    this.stream = find(root, "#stream", HTMLSelectElement);
    this.hint = find(root, "#stream-hint");
    this.refresh = find(root, "#refresh", HTMLSelectElement);
    this.pointsShown = find(root, "#points-shown", HTMLSelectElement);
    this.name = DEMO;
    this.readAddress();
    this.stream.addEventListener("change", () => onSelect(this.stream.value));
    this.stream.addEventListener("focus", () => this.reload());
    this.refresh.addEventListener("change", () => {
      this.writeAddress();
      onInterval(this.interval);
    });
    this.pointsShown.addEventListener("change", () => {
      this.writeAddress();
      onPoints(this.points);
    });
  }

  /** Milliseconds between two requests. */
  get interval() {
    return Number(this.refresh.value);
  }

  get points() {
    return Number(this.pointsShown.value);
  }

  readAddress() {
    const query = new URLSearchParams(location.search);
    for (const [select, value] of /** @type {[HTMLSelectElement, string | null][]} */ ([
      [this.refresh, query.get("refresh")],
      [this.pointsShown, query.get("points")],
    ])) {
      if (value !== null && [...select.options].some((option) => option.value === value)) select.value = value;
    }
    this.name = query.get("stream") || DEMO;
  }

  writeAddress() {
    const query = new URLSearchParams({
      stream: this.name,
      refresh: this.refresh.value,
      points: this.pointsShown.value,
    });
    history.replaceState(null, "", `?${query}`);
  }

  /** Shows `name` as the stream selected, also where the list lacks it. */
  select(name) {
    this.name = name;
    if (![...this.stream.options].some(({ value }) => value === name)) {
      this.stream.append(element("option", { value: name }, name));
    }
    this.stream.value = name;
    this.writeAddress();
  }

  /** Lists the streams again: others may have created some. */
  async reload() {
    try {
      this.draw(await listStreams());
    } catch (error) {
      if (error.status === undefined) throw error; // the list stays; the poller reports a service that is away
    }
  }

  /** @param {{names: string[], more: boolean}} streams */
  draw({ names, more }) {
    const all = [...new Set([DEMO, ...(names.includes(this.name) ? [] : [this.name]), ...names])];
    if (all.join("\n") !== [...this.stream.options].map(({ value }) => value).join("\n")) {
      this.stream.replaceChildren(...all.map((name) => element("option", { value: name }, name)));
    }
    this.stream.value = this.name;
    this.stream.disabled = false;
    this.hint.textContent = more
      ? `The first ${count(MAX_STREAMS)} streams. Open others with ?stream=name in the address.`
      : "";
  }

  focus() {
    this.stream.focus();
  }
}
