// Streams made from the page, and history loaded into them from a CSV file.
import { ask } from "../ui/api.js";
import { announce, byId, element } from "../ui/dom.js";
import { acceptDrops } from "../ui/drop.js";
import { counted, styled } from "../ui/format.js";
import { clearProblem, showProblem } from "../ui/problem.js";

const DEMO = "demo";
const MOST_OFFERED = 20; // columns that were left out and may be loaded too
const urlOf = (name) => `/api/v1/streams/${encodeURIComponent(name)}`;

/** What was read of a file, in sentences: which column, which were left, what was repaired. */
export function toldOf(file, { values, repairs, column, columns = [], times }) {
  const left = columns.filter((each) => each !== column);
  return [
    `${counted(values.length, "point")} of ${file} came in.`,
    left.length ? `They are of the column “${column}”; left out: ${left.map((each) => `“${each}”`).join(", ")}.` : "",
    times === null ? "The file has no times: the stream counts its points from now on, and takes no times later." : "",
    ...repairs.map(({ message, count: n }) => `${styled(message)} (${n})`),
  ]
    .filter(Boolean)
    .join(" ");
}

export class Feed {
  /** `nameOf()` is the stream shown; `onMade(name)` shows one that has just been made or filled. */
  constructor(nameOf, onMade) {
    Object.assign(this, { nameOf, onMade, file: null, options: {} });
    byId("create-stream").addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    byId("create-file").addEventListener("change", ({ target }) => target.files.length && this.take(target.files[0]));
    byId("create-choose").addEventListener("click", () => byId("create-file").click());
    byId("create-name").addEventListener("input", () => this.complain(""));
    acceptDrops(([file]) => this.take(file));
  }

  /** A file that was chosen or dropped: loaded once a person has seen into which stream. */
  take(file, options = {}) {
    Object.assign(this, { file, options });
    byId("create-details").open = true;
    const shown = this.nameOf();
    if (!byId("create-name").value)
      byId("create-name").value = shown === DEMO ? file.name.replace(/\.csv(\.gz)?$/i, "") : shown;
    byId("create-submit").textContent = "Load into stream";
    byId("create-submit").focus();
    this.chosen();
    announce(byId("create-status").textContent);
  }

  chosen() {
    const column = this.options.value_column;
    byId("create-status").textContent =
      `${this.file.name}${column ? `, column “${column}”,` : ""} is loaded when you say so.`;
  }

  complain(sentence) {
    byId("create-name-error").textContent = sentence;
    byId("create-name-error").hidden = !sentence;
    if (sentence) byId("create-name").setAttribute("aria-invalid", "true");
    else byId("create-name").removeAttribute("aria-invalid");
  }

  async send() {
    clearProblem("create-problem");
    const name = byId("create-name").value.trim();
    if (!name || name === DEMO) {
      this.complain(name ? "The demo stream makes its own points; choose another name." : "Give the stream a name.");
      byId("create-name").focus();
      return;
    }
    byId("create-submit").disabled = true;
    try {
      const there = await this.there(name);
      if (this.file) await this.fill(name, there);
      else {
        if (!there) await this.make(name);
        this.done(
          name,
          there
            ? `There is a stream ${name} already; it is shown as it is.`
            : `The stream ${name} is there and waits for points.`,
        );
      }
    } catch (error) {
      if (error.status === undefined) throw error;
      if (this.file) this.chosen();
      showProblem("create-problem", error, {
        onChoice: ({ name: option, value }) => {
          this.options[option] = value;
          this.send();
        },
      });
    } finally {
      byId("create-submit").disabled = false;
    }
  }

  async there(name) {
    try {
      return await ask("GET", urlOf(name));
    } catch (error) {
      if (error.status !== 404) throw error;
      return null;
    }
  }

  make(name) {
    return ask("PUT", urlOf(name), { body: "{}", headers: { "Content-Type": "application/json" } });
  }

  /** Loads the file; a stream that was made for it alone does not stay when it could not be read. */
  async fill(name, there) {
    const { file } = this;
    if (!there) await this.make(name);
    let answer;
    try {
      answer = await this.load(name);
    } catch (error) {
      if (!there) await this.drop(name);
      throw error;
    }
    const { column, columns = [] } = answer;
    this.done(name, toldOf(file.name, answer));
    this.offer(
      name,
      file,
      columns.filter((each) => each !== column),
    );
  }

  async drop(name) {
    try {
      const made = await ask("GET", urlOf(name));
      if (made.points === 0) await ask("DELETE", urlOf(name)); // else others have pushed to it meanwhile
    } catch (error) {
      if (error.status === undefined) throw error; // why the file failed is what is told
    }
  }

  load(name) {
    const { file } = this;
    byId("create-status").textContent = "Being loaded and judged…";
    const headers = { "Content-Type": "text/csv", ...(/\.gz$/i.test(file.name) ? { "Content-Encoding": "gzip" } : {}) };
    return ask("POST", `${urlOf(name)}/points?${new URLSearchParams(this.options)}`, {
      body: file,
      headers,
      onUpload: (part) => {
        byId("create-status").textContent = part < 1 ? `Sent: ${Math.round(part * 100)} %` : "Being judged…";
      },
    });
  }

  /** The columns that were left out, each for a stream of its own. */
  offer(name, file, columns) {
    const button = (column) =>
      element(
        "button",
        {
          type: "button",
          class: "link",
          onclick: () => {
            byId("create-name").value = `${name}.${column}`;
            this.take(file, { value_column: column });
          },
        },
        `Load “${column}” into a stream of its own`,
      );
    byId("create-status").append(...columns.slice(0, MOST_OFFERED).flatMap((column) => [element("br"), button(column)]));
  }

  done(name, told) {
    Object.assign(this, { file: null, options: {} });
    byId("create-file").value = "";
    byId("create-name").value = "";
    byId("create-submit").textContent = "Make the stream";
    byId("create-status").replaceChildren(element("span", {}, told));
    announce(told);
    this.onMade(name);
  }
}
