// Streams made from the page, and history loaded into them from a CSV file.
import { ask } from "./api.js";
import { announce, byId, element } from "./dom.js";
import { acceptDrops } from "./drop.js";
import { counted, styled } from "./format.js";
import { clearProblem, showProblem } from "./problem.js";

const DEMO = "demo";

export class Feed {
  /** `nameOf()` is the stream shown; `onMade(name)` shows one that has just been made or filled. */
  constructor(nameOf, onMade) {
    Object.assign(this, { nameOf, onMade, file: null, options: {} });
    byId("feed").addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    byId("feed-file").addEventListener("change", ({ target }) => target.files.length && this.take(target.files[0]));
    byId("feed-choose").addEventListener("click", () => byId("feed-file").click());
    byId("feed-name").addEventListener("input", () => this.complain(""));
    acceptDrops((file) => this.take(file));
  }

  /** A file that was chosen or dropped: loaded once a person has seen into which stream. */
  take(file) {
    Object.assign(this, { file, options: {} });
    byId("feeding").open = true;
    const shown = this.nameOf();
    if (!byId("feed-name").value) byId("feed-name").value = shown === DEMO ? file.name.replace(/\.csv(\.gz)?$/i, "") : shown;
    byId("feed-told").textContent = `${file.name} is loaded when you say so.`;
    byId("feed-send").textContent = "Load into stream";
    byId("feed-send").focus();
    announce(byId("feed-told").textContent);
  }

  complain(sentence) {
    byId("feed-name-error").textContent = sentence;
    byId("feed-name-error").hidden = !sentence;
    if (sentence) byId("feed-name").setAttribute("aria-invalid", "true");
    else byId("feed-name").removeAttribute("aria-invalid");
  }

  async send() {
    clearProblem("feed-problem");
    const name = byId("feed-name").value.trim();
    if (!name || name === DEMO) {
      this.complain(name ? "The demo stream makes its own points; choose another name." : "Give the stream a name.");
      byId("feed-name").focus();
      return;
    }
    byId("feed-send").disabled = true;
    try {
      const url = `/api/v1/streams/${encodeURIComponent(name)}`;
      await ask("PUT", url, { body: "{}", headers: { "Content-Type": "application/json" } });
      const told = this.file ? await this.load(url) : `The stream ${name} is there and waits for points.`;
      this.done(name, told);
    } catch (error) {
      if (error.status === undefined) throw error;
      showProblem("feed-problem", error, { onChoice: ({ name: option, value }) => {
        this.options[option] = value;
        this.send();
      } });
    } finally {
      byId("feed-send").disabled = false;
    }
  }

  async load(url) {
    const { file } = this;
    byId("feed-told").textContent = "Being loaded and judged…";
    const headers = { "Content-Type": "text/csv", ...(/\.gz$/i.test(file.name) ? { "Content-Encoding": "gzip" } : {}) };
    const query = new URLSearchParams(this.options);
    const { values, repairs } = await ask("POST", `${url}/points?${query}`, { body: file, headers,
      onUpload: (part) => { byId("feed-told").textContent = part < 1 ? `Sent: ${Math.round(part * 100)} %` : "Being judged…"; } });
    return [`${counted(values.length, "point")} of ${file.name} came in.`, ...repairs.map(({ message, count: n }) => `${styled(message)} (${n})`)].join(" ");
  }

  done(name, told) {
    Object.assign(this, { file: null, options: {} });
    byId("feed-file").value = "";
    byId("feed-name").value = "";
    byId("feed-send").textContent = "Make the stream";
    byId("feed-told").replaceChildren(element("span", {}, told));
    announce(told);
    this.onMade(name);
  }
}
