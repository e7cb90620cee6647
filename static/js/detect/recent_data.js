// Data that was brought before and is still kept, to be opened again.
import { byId, element } from "../ui/dom.js";
import { counted, time } from "../ui/format.js";
import { recent } from "./resources.js";

const MOST = 20;

/** Shows what is kept, the newest first; `onOpen(id)` is told which one a person wants. */
export async function drawRecent(onOpen, current) {
  let series = [];
  try {
    ({ series } = await recent(MOST));
  } catch (error) {
    if (error.status === undefined) throw error; // a mistake of ours; a service that is away is told elsewhere
  }
  byId("recent").hidden = !series.length;
  const row = (each) =>
    element(
      "li",
      {},
      element(
        "button",
        { type: "button", class: "file", "aria-pressed": String(each.id === current), onclick: () => onOpen(each.id) },
        element("span", {}, each.name),
        element(
          "span",
          { class: "hint" },
          `${counted(each.points, "point")}${each.created ? `, ${time(each.created)}` : ""}`,
        ),
      ),
    );
  byId("recent-list").replaceChildren(...series.map(row));
}
