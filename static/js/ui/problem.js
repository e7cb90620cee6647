// Errors, shown next to what caused them, with the choices that the service offers as buttons.
import { element } from "./dom.js";
import { count, styled } from "./format.js";

const MONTHS = "January February March April May June July August September October November December".split(" ");

/** "Day first: 01/02 is 1 February"; other choices as they are. */
function dateChoiceText(order, example) {
  const [first, second] = (/(\d+)\D(\d+)/.exec(example) ?? []).slice(1).map(Number);
  const [title, day, month] = { dmy: ["Day first", first, second], mdy: ["Month first", second, first] }[order] ?? [];
  if (!title) return order === "ymd" ? "Year first" : order;
  return MONTHS[month - 1] ? `${title}: ${example} is ${day} ${MONTHS[month - 1]}` : title;
}

/** The text of an error. Where buttons offer the choices, it leaves out the setting of the API that they stand for. */
export function messageOf(/** @type {{message: string, detail?: any}} */ { message, detail = {} }, choices) {
  if (!choices.length || detail.setting !== "date_order") return styled(message);
  return `Every date of column “${detail.column}” can be read day first or month first. Which one is ${detail.example}?`;
}

/** The line number of an error, where its message lacks it. */
function lineOf({ line }, message) {
  return line && !/\bline \d/i.test(message) ? element("p", { class: "where" }, `Line ${count(line)}.`) : null;
}

/** The choices of an "ambiguous" error as [{name, value, text}]. */
export function choicesOf({ code, detail }) {
  if (code !== "ambiguous" || !Array.isArray(detail.choices)) return [];
  return detail.choices.map((value) => ({ name: detail.setting, value, text: dateChoiceText(value, detail.example) }));
}

/** @param {HTMLElement} box */
export function clearProblem(box) {
  box.hidden = true;
  box.replaceChildren();
}

/**
 * Shows an error in `box`. `onChoice({name, value})` receives the answer to a question; `retry` tries again.
 * @param {HTMLElement} box
 * @param {{message: string, code?: string, detail?: any}} error
 * @param {{onChoice?: (choice: {name: string, value: string}) => void, retry?: () => void}} [reactions]
 */
export function showProblem(box, error, { onChoice, retry } = {}) {
  const detail = error.detail ?? {};
  const choices = onChoice ? choicesOf({ code: error.code, detail }) : [];
  const buttons = choices.map((choice) =>
    element("button", { type: "button", class: "button", onclick: () => onChoice?.(choice) }, choice.text),
  );
  if (retry) buttons.push(element("button", { type: "button", class: "button", onclick: retry }, "Try again"));
  const line = lineOf(detail, error.message);
  box.replaceChildren(
    element("p", {}, messageOf(error, choices)),
    ...(line ? [line] : []),
    ...(buttons.length ? [element("div", { class: "choices" }, ...buttons)] : []),
  );
  box.hidden = false;
  box.scrollIntoView({ block: "nearest" });
}
