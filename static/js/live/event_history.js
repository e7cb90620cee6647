// What happened in a stream beyond the points that the page holds: events long ago, and silences.
import { ask } from "../ui/api.js";
import { byId, element } from "../ui/dom.js";
import { count, counted, duration, styled, time, times } from "../ui/format.js";

const EVERY = 2000; // milliseconds: asked for no more often
const MOST = 1000; // of the service's list
const ROWS = 50;

const KINDS = { anomaly: "Anomaly", silent: "Silence" };

/** `known` with `fresh` in place of those of the same id, the newest first. */
export function joined(known, fresh) {
  const ids = new Set(fresh.map(({ id }) => id));
  return [...fresh, ...known.filter(({ id }) => !ids.has(id))].sort((a, b) => b.start - a.start).slice(0, MOST);
}

const at = (event) => (event.start_time === null ? `Point ${count(event.start)}` : time(event.start_time));

function lasted({ kind, open, seconds, anomalies }) {
  const ms = seconds * 1000; // below two minutes to three digits, as the explanation says it
  const long = ms > 0 ? duration(ms < 120000 ? Number(ms.toPrecision(3)) : ms) : "";
  const words =
    kind === "silent" ? long : [counted(anomalies, "anomaly", "anomalies"), long].filter(Boolean).join(", ");
  return [words, open ? "so far" : ""].filter(Boolean).join(", ");
}

export class EventLog {
  /** `urlOf()` is the address of the stream; `onChoose(event)` is told which one a person wants to see. */
  constructor(urlOf, onChoose) {
    Object.assign(this, { urlOf, onChoose });
    this.clear();
  }

  clear() {
    Object.assign(this, { events: [], cursor: null, asked: -Infinity, shown: "" });
    byId("history-card").hidden = true;
    byId("event-history").replaceChildren();
  }

  /** Asks what changed; `oldest` is the cursor before the first point that the page holds. */
  async look(oldest) {
    if (performance.now() - this.asked < EVERY) return;
    this.asked = performance.now();
    const url = this.urlOf();
    const query = new URLSearchParams({ times: "ms", limit: MOST, ...(this.cursor ? { after: this.cursor } : {}) });
    const answer = await ask("GET", `${url}/events?${query}`);
    if (url !== this.urlOf()) return;
    this.cursor = answer.cursor;
    this.events = joined(this.events, answer.events);
    this.draw(oldest);
  }

  draw(oldest) {
    const beyond = this.events.filter(({ kind, start }) => kind === "silent" || start <= oldest);
    const shown = beyond.slice(0, ROWS);
    const seen = JSON.stringify(shown);
    if (seen === this.shown) return;
    this.shown = seen;
    byId("history-card").hidden = !shown.length;
    const focused = document.activeElement?.dataset.event;
    byId("event-history").replaceChildren(...(shown.length ? [this.table(shown, beyond.length)] : []));
    if (focused)
      byId("event-history")
        .querySelector(`[data-event="${CSS.escape(focused)}"]`)
        ?.focus();
  }

  table(shown, all) {
    const head = ["Start", "What", "Duration", "Severity", "Explanation"];
    return element(
      "div",
      { class: "events scroll", role: "region", "aria-label": "Table of silences and earlier events", tabindex: 0 },
      element(
        "table",
        { role: "table" },
        element(
          "caption",
          {},
          `${all > shown.length ? `The newest ${count(shown.length)} of ${count(all)}. ` : ""}Choose one to see its place in the chart.`,
        ),
        element(
          "thead",
          { role: "rowgroup" },
          element(
            "tr",
            { role: "row" },
            ...head.map((name) => element("th", { role: "columnheader", scope: "col" }, name)),
          ),
        ),
        element("tbody", { role: "rowgroup" }, ...shown.map((event) => this.row(event))),
      ),
    );
  }

  row(event) {
    const cell = (label, ...children) =>
      element(
        "td",
        { role: "cell", "data-label": label, class: label === "Explanation" ? "why" : undefined },
        ...children,
      );
    const button = element(
      "button",
      {
        type: "button",
        class: "locator",
        "data-event": event.id,
        "aria-label": `Show the ${KINDS[event.kind].toLowerCase()} at ${at(event)} in the chart`,
      },
      at(event),
    );
    const row = element(
      "tr",
      { role: "row" },
      cell("Start", button),
      cell("What", KINDS[event.kind]),
      cell("Duration", lasted(event)),
      cell("Severity", event.severity === null ? "–" : times(event.severity)),
      cell("Explanation", styled(event.explanation)),
    );
    row.addEventListener("click", () => this.onChoose(event));
    return row;
  }
}
