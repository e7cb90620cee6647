// The form to label an interval by its ends.
import { find } from "../ui/dom.js";
import { time } from "../ui/format.js";

/** A time or a position as a person writes it, on the axis; NaN for anything else. */
export function readAxisValue(text, hasTimes) {
  const trimmed = text.trim();
  if (!hasTimes) return /^\d[\d,]*$/.test(trimmed) ? Number(trimmed.replaceAll(",", "")) : NaN;
  const stamp = trimmed.replace(" ", "T");
  return Date.parse(/[zZ]|[+-]\d\d:?\d\d$/.test(stamp) || stamp.length <= 10 ? stamp : `${stamp}Z`);
}

export class LabelForm {
  /**
   * @param {HTMLDetailsElement} root
   * @param {object} options
   * @param {() => boolean} options.hasTimes
   * @param {() => [number, number] | null} options.windowInView
   * @param {(from: number, to: number, kind: Label["kind"], note: string) => Promise<void>} options.onSubmit
   * @param {(message: string) => void} options.onInvalid
   */
  constructor(root, { hasTimes, windowInView, onSubmit, onInvalid }) {
    this.root = root;
    this.hasTimes = hasTimes;
    this.windowInView = windowInView;
    this.onSubmit = onSubmit;
    this.onInvalid = onInvalid;
    this.form = find(root, "#interval", HTMLFormElement);
    this.from = find(root, "#interval-from", HTMLInputElement);
    this.to = find(root, "#interval-to", HTMLInputElement);
    this.kind = find(root, "#interval-kind", HTMLSelectElement);
    this.note = find(root, "#interval-note", HTMLInputElement);
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    root.addEventListener("toggle", () => this.fillWindow());
  }

  /** Fills in the window in view, unless someone types. */
  fillWindow() {
    const window = this.windowInView();
    if (!this.root.open || this.form.contains(document.activeElement) || !window) return;
    const text = (at) => (this.hasTimes() ? time(Math.round(at)) : String(Math.round(at)));
    this.from.value = text(window[0]);
    this.to.value = text(window[1]);
  }

  async submit() {
    const hasTimes = this.hasTimes();
    const from = readAxisValue(this.from.value, hasTimes);
    const to = readAxisValue(this.to.value, hasTimes);
    if (!(from <= to)) {
      const format = hasTimes ? "like 2026-03-01 10:15" : "as whole numbers";
      this.onInvalid(`Write two ${hasTimes ? "times" : "positions"} ${format}, the earlier one first.`);
      this.from.focus();
      return;
    }
    await this.onSubmit(from, to, /** @type {Label["kind"]} */ (this.kind.value), this.note.value);
    this.note.value = "";
  }
}
