// Data imported before and still stored.
import { ServiceError } from "../ui/api.js";
import { element, find } from "../ui/dom.js";
import { counted, time } from "../ui/format.js";
import { listSeries } from "./resources.js";

const MAX_LISTED = 20;

export class RecentData {
  /**
   * @param {HTMLElement} root
   * @param {(id: string) => void} onOpen
   */
  constructor(root, onOpen) {
    this.root = root;
    this.onOpen = onOpen;
    this.list = find(root, "#recent-list");
  }

  /** Lists the stored series, the newest first. @param {string} [current] the id of the one shown */
  async reload(current) {
    let series = [];
    try {
      ({ series } = await listSeries(MAX_LISTED));
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error; // a service that does not answer is reported elsewhere
    }
    this.root.hidden = !series.length;
    this.list.replaceChildren(...series.map((each) => this.row(each, each.id === current)));
  }

  row({ id, name, points, created }, isCurrent) {
    return element(
      "li",
      {},
      element(
        "button",
        { type: "button", class: "file", "aria-pressed": String(isCurrent), onclick: () => this.onOpen(id) },
        element("span", {}, name),
        element("span", { class: "hint" }, `${counted(points, "point")}${created ? `, ${time(created)}` : ""}`),
      ),
    );
  }
}
