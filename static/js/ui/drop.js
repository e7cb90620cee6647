// Files dropped anywhere on the page.
import { byId } from "./dom.js";

const holdsFiles = (event) => Boolean(event.dataTransfer?.types.includes("Files"));

/** Calls `onFiles(files)` with the files dropped. */
export function acceptDrops(onFiles) {
  let depth = 0; // dragenter and dragleave come for every element that the pointer crosses
  const shade = (change) => {
    depth = Math.max(0, depth + change);
    byId("drop").hidden = depth === 0;
  };
  addEventListener("dragenter", (event) => holdsFiles(event) && shade(1));
  addEventListener("dragleave", (event) => holdsFiles(event) && shade(-1));
  addEventListener("dragover", (event) => holdsFiles(event) && event.preventDefault());
  addEventListener("drop", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    shade(-depth);
    const { files } = event.dataTransfer;
    if (files.length) onFiles([...files]);
  });
}
