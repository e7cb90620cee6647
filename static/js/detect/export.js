// Taking results away: files, a link, the command line; and deleting what was brought.
import { send } from "../ui/api.js";
import { byId, element, announce } from "../ui/dom.js";
import { curlOf, quoted } from "./source.js";
import { detectionUrl } from "./resources.js";

const LATER = 10_000; // ms until the browser has surely begun to save

const plain = (name) =>
  name
    .replace(/\.(csv|tsv|txt|gz|zip)$/i, "")
    .replace(/[^\w.-]+/g, "-")
    .replace(/^-+|-+$/g, "") || "series";

/** Lets the browser save a Blob under a name. */
export function save(blob, name) {
  const url = URL.createObjectURL(blob);
  element("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), LATER);
}

const FORMS = {
  csv: { accept: "text/csv", name: (base) => `${base}-anomalies.csv`, url: (id) => detectionUrl(id, ".csv") },
  json: { accept: "application/json", name: (base) => `${base}-anomalies.json`, url: (id) => detectionUrl(id) },
};

/** Saves the results of a detection; `form` is csv or json. */
export async function saveResults(detection, form, name, signal) {
  const { accept, name: called, url } = FORMS[form];
  const { text } = await send("GET", url(detection.id), { headers: { Accept: accept }, signal });
  save(new Blob([text], { type: accept }), called(plain(name)));
}

export const pictureName = (name) => `${plain(name)}-chart.png`;

/** The command lines that get the same results: those kept here and, where nothing else enters, from the data alone. */
export function curlLines({ source, detection, column, origin, plainly }) {
  const kept = `curl -s ${quoted(origin + detectionUrl(detection.id, ".csv"))}`;
  const again =
    source && plainly ? curlOf(source, { column, detector: detection.detector, params: detection.params }, origin) : "";
  return { kept, again };
}

/** Copies a text and says so. */
export async function copy(text, words) {
  await navigator.clipboard.writeText(text);
  announce(words);
}

/** Asks before something is gone for good; resolves with whether to go on. */
export function confirmed(words) {
  const dialog = byId("confirm");
  byId("confirm-question").textContent = words;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) =>
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }),
  );
}
