// Files from the button, a drop or the clipboard; of several, a list to choose from.
import { byId, element } from "../ui/dom.js";
import { bytes, counted } from "../ui/format.js";

/** Lists `files`; `onFile(file)` is told of the one that is chosen, the first at once. */
export function offerFiles(files, onFile) {
  const place = byId("files");
  place.hidden = files.length < 2;
  place.replaceChildren();
  if (files.length > 1) {
    const choose = (file, button) => {
      for (const each of place.querySelectorAll("button")) each.setAttribute("aria-pressed", String(each === button));
      onFile(file);
    };
    const buttons = files.map((file, k) =>
      element(
        "button",
        {
          type: "button",
          class: "file",
          "aria-pressed": String(k === 0),
          onclick: (event) => choose(file, event.currentTarget),
        },
        element("span", {}, file.name),
        element("span", { class: "hint" }, bytes(file.size)),
      ),
    );
    place.append(
      element("p", { class: "hint" }, `${counted(files.length, "file")}: choose one to see it.`),
      element("div", { class: "file-list" }, ...buttons),
    );
  }
  onFile(files[0]);
}

/** Text as a file that can be read; null where there is nothing in it. */
export const pasted = (text) => (text.trim() ? new File([text], "Pasted text", { type: "text/csv" }) : null);

const FIELDS = "input, select, textarea, [contenteditable]";

/** Ctrl+V anywhere but in a field brings files or text; so does the area for it. `onFiles(files)` is told. */
export function acceptPastes(onFiles) {
  const dialog = byId("paste-dialog");
  const take = (text) => {
    const file = pasted(text);
    if (file) onFiles([file]);
    return Boolean(file);
  };
  addEventListener("paste", (event) => {
    if (event.target.closest?.(FIELDS) || dialog.open) return;
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length) onFiles(files);
    else if (!take(event.clipboardData?.getData("text/plain") ?? "")) return;
    event.preventDefault();
  });
  byId("paste").addEventListener("click", () => {
    byId("pasted").value = "";
    byId("paste-empty").hidden = true;
    dialog.showModal();
  });
  byId("paste-cancel").addEventListener("click", () => dialog.close());
  byId("paste-form").addEventListener("submit", (event) => {
    event.preventDefault();
    if (take(byId("pasted").value)) dialog.close();
    else {
      byId("paste-empty").hidden = false;
      byId("pasted").focus();
    }
  });
}
