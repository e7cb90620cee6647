// The buttons by which results are taken away, and data is deleted.
import { busy } from "../ui/busy.js";
import { byId } from "../ui/dom.js";
import { forget } from "./resources.js";
import { chartNow } from "./chart_view.js";
import { clearProblem, showProblem } from "../ui/problem.js";
import { shown, state } from "./state.js";
import { confirmed, copy, curlLines, pictureName, save, saveResults } from "./export.js";

const PLAIN = { min_points: 1, min_abs_deviation: 0, min_rel_deviation: 0, direction: "both" };

export class Taking {
  /** `address()` is the query that leads back to what is shown; `taught()` whether marks changed what was learned. */
  constructor({ address, taught }) {
    Object.assign(this, { address, taught });
    const on = (id, act) => byId(id).addEventListener("click", () => this.attempt(act));
    on("download", () => this.file("csv"));
    on("download-json", () => this.file("json"));
    on("download-png", () => this.picture());
    on("copy-link", () => copy(new URL(this.address(), location.href).href, "The link is copied."));
    on("copy", () => copy(byId("curl").textContent, "Copied."));
    on("delete", () => this.remove());
  }

  async attempt(act) {
    clearProblem("download-problem");
    try {
      await act();
    } catch (error) {
      showProblem("download-problem", error);
    }
  }

  draw() {
    const detection = shown();
    const { source, column } = state;
    const filter = detection.event_filter;
    const plainly = !this.taught() && Object.entries(PLAIN).every(([name, usual]) => filter[name] === usual);
    const { kept, again } = curlLines({ source, detection, column, origin: location.origin, plainly });
    byId("curl").textContent = again || kept;
    byId("curl-stored").textContent = kept;
    byId("curl-stored-block").hidden = !again;
  }

  file(form) {
    return busy("Preparing the file", ({ signal }) => saveResults(shown(), form, state.series.name, signal));
  }

  async picture() {
    save(await chartNow().png(), pictureName(state.series.name));
  }

  async remove() {
    const { series } = state;
    if (
      !(await confirmed(`Delete “${series.name}”, its results and your marks from the service? This cannot be undone.`))
    )
      return;
    await forget(series.id);
    location.assign(location.pathname);
  }
}
