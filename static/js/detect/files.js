// Files from the button, a drop or the clipboard; of several, a list to choose from.
import { element, find } from "../ui/dom.js";
import { acceptDrops } from "../ui/drop.js";
import { bytes, counted } from "../ui/format.js";

const FIELDS = "input, select, textarea, [contenteditable]";

/** Text as a file; null where it is empty. @param {string} text */
export const pastedFile = (text) => (text.trim() ? new File([text], "Pasted text", { type: "text/csv" }) : null);

export class FilePicker {
  /**
   * @param {HTMLElement} root with the buttons and the list
   * @param {{overlay: HTMLElement, dialog: HTMLDialogElement, onFile: (file: File) => void}} options `overlay` shows while
   *   files are dragged; `dialog` is for pasting
   */
  constructor(root, { overlay, dialog, onFile }) {
    this.list = find(root, "#files");
    this.onFile = onFile;
    const input = find(root, "#file", HTMLInputElement);
    find(root, "#upload").addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      const files = [...(input.files ?? [])];
      input.value = ""; // so that the same file can be chosen again after an edit
      if (files.length) this.offer(files);
    });
    acceptDrops(overlay, (files) => this.offer(files));
    this.acceptPastes(dialog, find(root, "#paste"));
  }

  /** Lists several files and opens the first. @param {File[]} files */
  offer(files) {
    this.list.hidden = files.length < 2;
    this.list.replaceChildren();
    if (files.length > 1) {
      this.list.append(
        element("p", { class: "hint" }, `${counted(files.length, "file")}: choose one to open it.`),
        element("div", { class: "file-list" }, ...files.map((file, k) => this.button(file, k === 0))),
      );
    }
    this.onFile(files[0]);
  }

  button(file, pressed) {
    const open = () => {
      for (const each of this.list.querySelectorAll("button"))
        each.setAttribute("aria-pressed", String(each === button));
      this.onFile(file);
    };
    const button = element(
      "button",
      { type: "button", class: "file", "aria-pressed": String(pressed), onclick: open },
      element("span", {}, file.name),
      element("span", { class: "hint" }, bytes(file.size)),
    );
    return button;
  }

  /** Ctrl+V outside of a field imports files or text; so does the dialog that `button` opens. */
  acceptPastes(dialog, button) {
    const text = find(dialog, "#pasted", HTMLTextAreaElement);
    const empty = find(dialog, "#paste-empty");
    const offerText = (pasted) => {
      const file = pastedFile(pasted);
      if (file) this.offer([file]);
      return Boolean(file);
    };
    addEventListener("paste", (event) => {
      const target = /** @type {Element | null} */ (event.target);
      if (target?.closest?.(FIELDS) || dialog.open) return;
      const files = [...(event.clipboardData?.files ?? [])];
      if (files.length) this.offer(files);
      else if (!offerText(event.clipboardData?.getData("text/plain") ?? "")) return;
      event.preventDefault();
    });
    button.addEventListener("click", () => {
      text.value = "";
      empty.hidden = true;
      dialog.showModal();
    });
    find(dialog, "#paste-cancel").addEventListener("click", () => dialog.close());
    find(dialog, "#paste-form").addEventListener("submit", (event) => {
      event.preventDefault();
      if (offerText(text.value)) dialog.close();
      else {
        empty.hidden = false;
        text.focus();
      }
    });
  }
}
