// Messages about a stream: its policy tried on the past, switched on and off; the channels, and what became of messages.
import { ask } from "../ui/api.js";
import { announce, byId, element } from "../ui/dom.js";
import { ParameterForm } from "../ui/parameter_form.js";
import { count, styled, time } from "../ui/format.js";
import { clearProblem, showProblem } from "../ui/problem.js";

const JSON_BODY = { "Content-Type": "application/json" };
const MOST_SHOWN = 5; // messages of a stream
const TEST_STREAM = "test";
const EVERY = 2000; // milliseconds between two looks at what became of messages

/** What became of a message, in words. */
export function fate({ state, attempts, error }) {
  if (state === "sent") return "sent";
  const tried = attempts ? `tried ${attempts === 1 ? "once" : `${count(attempts)} times`}` : "not tried yet";
  return `${state === "given_up" ? "given up" : "waiting"}, ${tried}${error ? `: ${error}` : ""}`;
}

export class Watch {
  /** `urlOf()` is the address of the stream shown, `nameOf()` its name; `onNotice(cursor)` leads to a point of it. */
  constructor(urlOf, nameOf, onNotice) {
    Object.assign(this, { urlOf, nameOf, onNotice, policy: null, params: [], asked: -Infinity, drawn: "" });
    this.form = new ParameterForm(byId("policy"), () => this.tell(), "policy");
    for (const id of ["policy-direction", "policy-silent"]) byId(id).addEventListener("change", () => this.tell());
    byId("alerts").addEventListener("submit", (event) => {
      event.preventDefault();
      this.act(() => this.switchOn());
    });
    byId("alerts-off").addEventListener("click", () => this.act(() => this.switchOff()));
    byId("backtest").addEventListener("click", () => this.act(() => this.replay()));
    byId("alerts-details").addEventListener("toggle", () => this.look(true));
  }

  /** Another stream is shown. */
  async show() {
    Object.assign(this, { policy: null, asked: -Infinity });
    clearProblem("alerts-problem");
    byId("backtest-result").replaceChildren();
    const url = this.urlOf();
    let policy = null;
    try {
      const found = await ask("GET", `${url}/events?limit=1`); // /policy answers 404 where there is none
      if (found.watched) policy = found.policy;
    } catch (error) {
      if (error.status === undefined) throw error; // that the service is away, or the stream gone, is told elsewhere
    }
    if (url !== this.urlOf()) return;
    this.policy = policy;
    this.fill(policy ?? {});
    await this.look(true);
  }

  fill(policy) {
    this.form.draw({ params: this.params }, policy);
    byId("policy-direction").value = policy.direction ?? "both";
    byId("policy-silent").checked = policy.silent ?? true;
    this.tell();
  }

  get choice() {
    return { ...this.form.values, direction: byId("policy-direction").value, silent: byId("policy-silent").checked };
  }

  tell() {
    const { policy, choice } = this;
    const changed = policy !== null && Object.entries(choice).some(([name, value]) => policy[name] !== value);
    byId("alerts-state").textContent = policy ? "on" : "off";
    byId("alerts-on").textContent = policy ? "Change" : "Switch on";
    byId("alerts-on").disabled = policy !== null && !changed;
    byId("alerts-off").disabled = policy === null;
  }

  async act(work) {
    clearProblem("alerts-problem");
    try {
      await work();
    } catch (error) {
      if (error.status === undefined) throw error;
      if (!this.form.take(error)) showProblem("alerts-problem", error);
    }
  }

  send(method, path) {
    return ask(
      method,
      `${this.urlOf()}/${path}`,
      method === "DELETE" ? {} : { body: JSON.stringify(this.choice), headers: JSON_BODY },
    );
  }

  async switchOn() {
    if (!this.form.check()) return;
    this.policy = await this.send("PUT", "policy");
    this.tell();
    announce(`${this.nameOf()} is watched.`);
  }

  async switchOff() {
    await this.send("DELETE", "policy");
    this.policy = null;
    this.tell();
    byId("alerts-on").focus();
    announce(`${this.nameOf()} is watched no longer.`);
  }

  /** Says what the policy would have told; leads to what it is about. */
  async replay() {
    if (!this.form.check()) return;
    byId("backtest-result").replaceChildren(element("p", { class: "hint" }, "Being tried…"));
    let answer;
    try {
      answer = await ask("POST", `${this.urlOf()}/replay?times=ms`, {
        body: JSON.stringify(this.choice),
        headers: JSON_BODY,
      });
    } catch (error) {
      byId("backtest-result").replaceChildren();
      throw error;
    }
    const begun = answer.notices
      .filter(({ status }) => status === "firing")
      .reverse()
      .slice(0, MOST_SHOWN);
    const at = (notice) => (notice.start_time === null ? `point ${count(notice.start)}` : time(notice.start_time));
    const rows = begun.map((notice) =>
      element(
        "li",
        {},
        element("button", { type: "button", class: "link", onclick: () => this.onNotice(notice) }, at(notice)),
      ),
    );
    byId("backtest-result").replaceChildren(
      element("p", {}, styled(answer.message)),
      ...(rows.length ? [element("p", { class: "hint" }, "The newest:"), element("ul", {}, ...rows)] : []),
    );
  }

  /** The channels and the last messages, while they are open to the eye. */
  async look(now = false) {
    if (!byId("alerts-details").open || (!now && performance.now() - this.asked < EVERY)) return;
    this.asked = performance.now();
    try {
      this.draw(await ask("GET", "/api/v1/alerts?times=ms&limit=100"));
    } catch (error) {
      if (error.status === undefined) throw error; // asked again soon
    }
  }

  draw({ channels, messages }) {
    const own = messages
      .filter(({ stream }) => stream === this.nameOf() || stream === TEST_STREAM)
      .slice(0, MOST_SHOWN);
    const seen = JSON.stringify([channels, own]);
    if (seen === this.drawn) return;
    this.drawn = seen;
    const focused = document.activeElement?.dataset.channel;
    const test = (channel) =>
      element(
        "button",
        {
          type: "button",
          class: "button small",
          "data-channel": channel,
          onclick: () => this.act(() => this.test(channel)),
        },
        `Test ${channel}`,
      );
    byId("channels").replaceChildren(
      ...(channels.length
        ? channels.map(test)
        : [
            element(
              "p",
              { class: "hint" },
              "No channel is set up, so nothing is sent: see ANOMALY_WEBHOOK_URL, ANOMALY_ALERTMANAGER_URL and ANOMALY_SMTP_URL in the settings.",
            ),
          ]),
    );
    byId("messages").replaceChildren(
      ...own.map((message) =>
        element(
          "li",
          {},
          element(
            "span",
            { class: "hint" },
            `${time(message.made)} · ${message.channel}${message.stream === TEST_STREAM ? " · test" : ""} · `,
          ),
          element("strong", {}, fate(message)),
          element("span", { class: "hint" }, ` · ${styled(message.summary)}`),
        ),
      ),
    );
    if (focused)
      byId("channels")
        .querySelector(`[data-channel="${CSS.escape(focused)}"]`)
        ?.focus();
  }

  async test(channel) {
    await ask("POST", "/api/v1/alerts/test", { body: JSON.stringify({ channel }), headers: JSON_BODY });
    announce(`A test for ${channel} is on its way.`);
    await this.look(true);
  }
}
