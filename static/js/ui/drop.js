// Files dropped anywhere on the page.

const holdsFiles = (event) => Boolean(event.dataTransfer?.types.includes("Files"));

/**
 * Calls `onFiles(files)` with dropped files; `overlay` shows while files are dragged over the page.
 * @param {HTMLElement} overlay
 * @param {(files: File[]) => void} onFiles
 */
export function acceptDrops(overlay, onFiles) {
  let depth = 0; // dragenter and dragleave fire for every element that the pointer crosses
  const enter = (change) => {
    depth = Math.max(0, depth + change);
    overlay.hidden = depth === 0;
  };
  addEventListener("dragenter", (event) => holdsFiles(event) && enter(1));
  addEventListener("dragleave", (event) => holdsFiles(event) && enter(-1));
  addEventListener("dragover", (event) => holdsFiles(event) && event.preventDefault());
  addEventListener("drop", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    enter(-depth);
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length) onFiles(files);
  });
}
