// Alerts of a stream: its policy, replayed, switched on and off; the channels, and what became of the messages.
import { requestJson, ServiceError } from "../ui/api.js";
import { announce, element, find } from "../ui/dom.js";
import { count, styled, time } from "../ui/format.js";
import { ParameterForm } from "../ui/parameter_form.js";
import { clearProblem, showProblem } from "../ui/problem.js";

const JSON_HEADERS = { "Content-Type": "application/json" };
const MAX_SHOWN = 5; // messages, and events of a replay
const TEST_STREAM = "test";
const POLL_INTERVAL = 2000; // milliseconds, at least

/** The state of a message, in words. */
export function deliveryText({ state, attempts, error }) {
  if (state === "sent") return "sent";
  const tries = attempts ? `tried ${attempts === 1 ? "once" : `${count(attempts)} times`}` : "not tried yet";
  return `${state === "given_up" ? "given up" : "waiting"}, ${tries}${error ? `: ${error}` : ""}`;
}

export class Alerts {
  /** In effect; null: off. @type {any} */
  policy = null;
  /** @type {Param[]} */
  params = [];
  polledAt = -Infinity;
  /** What is drawn, as JSON. */
  drawn = "";

  /**
   * @param {HTMLFormElement} root
   * @param {{url: () => string, name: () => string, onSelect: (notice: any) => void}} options `url` and `name` of the
   *   stream
   */
  constructor(root, { url, name, onSelect }) {
    this.url = url;
    this.name = name;
    this.onSelect = onSelect;
    this.details = find(root, "#alerts-details", HTMLDetailsElement);
    this.state = find(root, "#alerts-state");
    this.direction = find(root, "#policy-direction", HTMLSelectElement);
    this.silent = find(root, "#policy-silent", HTMLInputElement);
    this.onButton = find(root, "#alerts-on", HTMLButtonElement);
    this.offButton = find(root, "#alerts-off", HTMLButtonElement);
    this.replayResult = find(root, "#replay-result");
    this.channels = find(root, "#channels");
    this.messages = find(root, "#messages");
    this.problem = find(root, "#alerts-problem");
    this.form = new ParameterForm(find(root, "#policy"), () => this.update(), "policy");
    this.direction.addEventListener("change", () => this.update());
    this.silent.addEventListener("change", () => this.update());
    root.addEventListener("submit", (event) => {
      event.preventDefault();
      this.attempt(() => this.switchOn());
    });
    this.offButton.addEventListener("click", () => this.attempt(() => this.switchOff()));
    find(root, "#replay").addEventListener("click", () => this.attempt(() => this.replay()));
    this.details.addEventListener("toggle", () => this.poll({ now: true }));
  }

  /** Another stream is shown. */
  async show() {
    this.policy = null;
    this.polledAt = -Infinity;
    clearProblem(this.problem);
    this.replayResult.replaceChildren();
    const url = this.url();
    let policy = null;
    try {
      const events = await requestJson("GET", `${url}/events?limit=1`); // /policy answers 404 where there is none
      if (events.watched) policy = events.policy;
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error; // the poller reports a service that does not answer
    }
    if (url !== this.url()) return;
    this.policy = policy;
    this.fill(policy ?? {});
    await this.poll({ now: true });
  }

  fill(policy) {
    this.form.draw({ params: this.params }, policy);
    this.direction.value = policy.direction ?? "both";
    this.silent.checked = policy.silent ?? true;
    this.update();
  }

  get choice() {
    return { ...this.form.values, direction: this.direction.value, silent: this.silent.checked };
  }

  update() {
    const { policy, choice } = this;
    const isChanged = policy !== null && Object.entries(choice).some(([name, value]) => policy[name] !== value);
    this.state.textContent = policy ? "on" : "off";
    this.onButton.textContent = policy ? "Change" : "Switch on";
    this.onButton.disabled = policy !== null && !isChanged;
    this.offButton.disabled = policy === null;
  }

  async attempt(work) {
    clearProblem(this.problem);
    try {
      await work();
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      if (!this.form.showError(error)) showProblem(this.problem, error);
    }
  }

  async switchOn() {
    if (!this.form.check()) return;
    this.policy = await this.send("PUT", "policy");
    this.update();
    announce(`Alerts of ${this.name()} are on.`);
  }

  async switchOff() {
    await requestJson("DELETE", `${this.url()}/policy`);
    this.policy = null;
    this.update();
    this.onButton.focus();
    announce(`Alerts of ${this.name()} are off.`);
  }

  send(method, path) {
    return requestJson(method, `${this.url()}/${path}`, { body: JSON.stringify(this.choice), headers: JSON_HEADERS });
  }

  /** Shows which messages the policy would have sent. */
  async replay() {
    if (!this.form.check()) return;
    this.replayResult.replaceChildren(element("p", { class: "hint" }, "Running…"));
    let response;
    try {
      response = await this.send("POST", "replay?times=ms");
    } catch (error) {
      this.replayResult.replaceChildren();
      throw error;
    }
    const firing = response.notices.filter(({ status }) => status === "firing");
    const rows = firing
      .reverse()
      .slice(0, MAX_SHOWN)
      .map((notice) => {
        const at = notice.start_time === null ? `point ${count(notice.start)}` : time(notice.start_time);
        const onclick = () => this.onSelect(notice);
        return element("li", {}, element("button", { type: "button", class: "link", onclick }, at));
      });
    this.replayResult.replaceChildren(
      element("p", {}, styled(response.message)),
      ...(rows.length ? [element("p", { class: "hint" }, "The newest:"), element("ul", {}, ...rows)] : []),
    );
  }

  /** Requests the channels and the last messages, while they are visible. */
  async poll({ now = false } = {}) {
    if (!this.details.open || (!now && performance.now() - this.polledAt < POLL_INTERVAL)) return;
    this.polledAt = performance.now();
    try {
      this.draw(await requestJson("GET", "/api/v1/alerts?times=ms&limit=100"));
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error; // the next poll tries again
    }
  }

  draw({ channels, messages }) {
    const own = messages.filter(({ stream }) => stream === this.name() || stream === TEST_STREAM).slice(0, MAX_SHOWN);
    const content = JSON.stringify([channels, own]);
    if (content === this.drawn) return;
    this.drawn = content;
    const focused = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset.channel;
    const none =
      "No channel is configured, so nothing is sent: set ANOMALY_WEBHOOK_URL, ANOMALY_ALERTMANAGER_URL or ANOMALY_SMTP_URL.";
    this.channels.replaceChildren(
      ...(channels.length ? channels.map((each) => this.testButton(each)) : [element("p", { class: "hint" }, none)]),
    );
    this.messages.replaceChildren(...own.map((message) => this.messageRow(message)));
    if (!focused) return;
    const button = this.channels.querySelector(`[data-channel="${CSS.escape(focused)}"]`);
    /** @type {HTMLElement | null} */ (button)?.focus();
  }

  testButton(channel) {
    const onclick = () => this.attempt(() => this.test(channel));
    const properties = { type: "button", class: "button small", "data-channel": channel, onclick };
    return element("button", properties, `Test ${channel}`);
  }

  messageRow(message) {
    const test = message.stream === TEST_STREAM ? " · test" : "";
    return element(
      "li",
      {},
      element("span", { class: "hint" }, `${time(message.made)} · ${message.channel}${test} · `),
      element("strong", {}, deliveryText(message)),
      element("span", { class: "hint" }, ` · ${styled(message.summary)}`),
    );
  }

  async test(channel) {
    await requestJson("POST", "/api/v1/alerts/test", { body: JSON.stringify({ channel }), headers: JSON_HEADERS });
    announce(`A test message to ${channel} is queued.`);
    await this.poll({ now: true });
  }
}
