// Creates a stream, and loads points of a CSV file into one.
import { requestJson, ServiceError } from "../ui/api.js";
import { announce, element, find } from "../ui/dom.js";
import { acceptDrops } from "../ui/drop.js";
import { counted, styled } from "../ui/format.js";
import { clearProblem, showProblem } from "../ui/problem.js";
import { DEMO } from "./stream_select.js";

const MAX_OFFERED = 20; // other columns of a file
const JSON_HEADERS = { "Content-Type": "application/json" };
const urlOf = (name) => `/api/v1/streams/${encodeURIComponent(name)}`;

/** What was loaded of a file: the points, the column, what was left out, the repairs. */
export function loadedText(file, { values, repairs, column, columns = [], times }) {
  const left = columns.filter((each) => each !== column).map((each) => `“${each}”`);
  return [
    `${counted(values.length, "point")} of ${file} loaded.`,
    left.length ? `The values are those of column “${column}”. Not loaded: ${left.join(", ")}.` : "",
    times === null ? "The file has no times: the stream counts its points and cannot take times later." : "",
    ...repairs.map(({ message, count }) => `${styled(message)} (${count})`),
  ]
    .filter(Boolean)
    .join(" ");
}

export class CreateStream {
  /** The file to load. @type {File | null} */
  file = null;
  /** @type {Record<string, string>} */
  options = {};

  /**
   * @param {HTMLFormElement} root
   * @param {object} options
   * @param {HTMLElement} options.overlay shows while a file is dragged over the page
   * @param {() => string} options.currentName of the stream shown
   * @param {(name: string) => void} options.onCreated a stream was created, or got points
   */
  constructor(root, { overlay, currentName, onCreated }) {
    this.currentName = currentName;
    this.onCreated = onCreated;
    this.details = find(root, "#create-details", HTMLDetailsElement);
    this.name = find(root, "#create-name", HTMLInputElement);
    this.nameError = find(root, "#create-name-error");
    this.input = find(root, "#create-file", HTMLInputElement);
    this.button = find(root, "#create-submit", HTMLButtonElement);
    this.status = find(root, "#create-status");
    this.problem = find(root, "#create-problem");
    root.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.input.addEventListener("change", () => this.input.files?.length && this.choose(this.input.files[0]));
    find(root, "#create-choose").addEventListener("click", () => this.input.click());
    this.name.addEventListener("input", () => this.showNameError(""));
    acceptDrops(overlay, ([file]) => this.choose(file));
  }

  /** Takes a file; it is loaded once the name of the stream is confirmed. @param {File} file */
  choose(file, options = {}) {
    this.file = file;
    this.options = options;
    this.details.open = true;
    const current = this.currentName();
    this.name.value ||= current === DEMO ? file.name.replace(/\.csv(\.gz)?$/i, "") : current;
    this.button.textContent = "Load into stream";
    this.button.focus();
    this.showFile(file);
    announce(this.status.textContent ?? "");
  }

  /** @param {File} file */
  showFile(file) {
    const column = this.options.value_column;
    this.status.textContent = `${file.name}${column ? `, column “${column}”,` : ""} is ready to load.`;
  }

  showNameError(sentence) {
    this.nameError.textContent = sentence;
    this.nameError.hidden = !sentence;
    if (sentence) this.name.setAttribute("aria-invalid", "true");
    else this.name.removeAttribute("aria-invalid");
  }

  async submit() {
    clearProblem(this.problem);
    const name = this.name.value.trim();
    if (!name || name === DEMO) {
      this.showNameError(name ? "The demo stream generates its own points: choose another name." : "Enter a name.");
      this.name.focus();
      return;
    }
    this.button.disabled = true;
    try {
      const exists = await this.exists(name);
      if (this.file) await this.load(name, this.file, exists);
      else await this.create(name, exists);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      if (this.file) this.showFile(this.file);
      showProblem(this.problem, error, {
        onChoice: ({ name: option, value }) => {
          this.options[option] = value;
          this.submit();
        },
      });
    } finally {
      this.button.disabled = false;
    }
  }

  async exists(name) {
    try {
      await requestJson("GET", urlOf(name));
      return true;
    } catch (error) {
      if (error.status !== 404) throw error;
      return false;
    }
  }

  put(name) {
    return requestJson("PUT", urlOf(name), { body: "{}", headers: JSON_HEADERS });
  }

  async create(name, exists) {
    if (!exists) await this.put(name);
    const text = exists ? `Stream ${name} exists already and stays as it is.` : `Stream ${name} is ready for points.`;
    this.done(name, text);
  }

  /** Loads a file; a stream that was created for it is deleted where the file cannot be read. */
  async load(name, file, exists) {
    if (!exists) await this.put(name);
    let response;
    try {
      response = await this.upload(name, file);
    } catch (error) {
      if (!exists) await this.deleteEmpty(name);
      throw error;
    }
    const { column, columns = [] } = response;
    this.done(name, loadedText(file.name, response));
    const others = columns.filter((each) => each !== column);
    this.offerColumns(name, file, others);
  }

  async deleteEmpty(name) {
    try {
      const { points } = await requestJson("GET", urlOf(name));
      if (points === 0) await requestJson("DELETE", urlOf(name)); // else others have pushed to it meanwhile
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error; // the error of the file is shown
    }
  }

  upload(name, file) {
    this.status.textContent = "Loading and scoring…";
    /** @type {Record<string, string>} */
    const encoding = /\.gz$/i.test(file.name) ? { "Content-Encoding": "gzip" } : {};
    return requestJson("POST", `${urlOf(name)}/points?${new URLSearchParams(this.options)}`, {
      body: file,
      headers: { "Content-Type": "text/csv", ...encoding },
      onUpload: (fraction) => {
        this.status.textContent = fraction < 1 ? `Sent: ${Math.round(fraction * 100)} %` : "Scoring…";
      },
    });
  }

  /** Offers the columns that were not loaded, each for a stream of its own. */
  offerColumns(name, file, columns) {
    const button = (column) => {
      const onclick = () => {
        this.name.value = `${name}.${column}`;
        this.choose(file, { value_column: column });
      };
      return element("button", { type: "button", class: "link", onclick }, `Load “${column}” into a stream of its own`);
    };
    this.status.append(...columns.slice(0, MAX_OFFERED).flatMap((column) => [element("br"), button(column)]));
  }

  done(name, text) {
    this.file = null;
    this.options = {};
    this.input.value = "";
    this.name.value = "";
    this.button.textContent = "Create stream";
    this.status.replaceChildren(element("span", {}, text));
    announce(text);
    this.onCreated(name);
  }
}
