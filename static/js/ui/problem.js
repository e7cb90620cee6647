// What went wrong, said where the user looks; where the service asks back, its choices as buttons.
import { byId, element } from "./dom.js";
import { count, styled } from "./format.js";

const MONTHS = "January February March April May June July August September October November December".split(" ");

/** "Day first: 01/02 is 1 February"; the choice itself for anything that is no order of dates. */
function dateWords(order, example) {
  const [first, second] = (/(\d+)\D(\d+)/.exec(example) ?? []).slice(1).map(Number);
  const [title, day, month] = { dmy: ["Day first", first, second], mdy: ["Month first", second, first] }[order] ?? [];
  if (!title) return order === "ymd" ? "Year first" : order;
  return MONTHS[month - 1] ? `${title}: ${example} is ${day} ${MONTHS[month - 1]}` : title;
}

/** The sentence of an error, as a person at the buttons needs it: settings of the API are not spoken of here. */
export function sentenceOf({ message, detail = {} }, choices) {
  if (!choices.length || detail.setting !== "date_order") return styled(message);
  return `Every date of column “${detail.column}” can be read day first or month first. How is ${detail.example} meant?`;
}

/** The line the error speaks of, where its sentence does not name it. */
function where({ line }, message) {
  return line && !/\bline \d/i.test(message) ? element("p", { class: "where" }, `Line ${count(line)}.`) : null;
}

/** The choices of an "ambiguous" error as [{name, value, words}]. */
export function choicesOf({ code, detail }) {
  if (code !== "ambiguous" || !Array.isArray(detail.choices)) return [];
  return detail.choices.map((value) => ({ name: detail.setting, value, words: dateWords(value, detail.example) }));
}

export function clearProblem(id) {
  const box = byId(id);
  box.hidden = true;
  box.replaceChildren();
}

/** Shows an error in the box `id`. `onChoice({name, value})` takes the answer to a question; `retry` a second try. */
export function showProblem(id, error, { onChoice, retry } = {}) {
  const box = byId(id);
  const detail = error.detail ?? {};
  const choices = onChoice ? choicesOf({ code: error.code, detail }) : [];
  const buttons = choices.map((choice) =>
    element("button", { type: "button", class: "button", onclick: () => onChoice(choice) }, choice.words),
  );
  if (retry) buttons.push(element("button", { type: "button", class: "button", onclick: retry }, "Try again"));
  box.replaceChildren(element("p", {}, sentenceOf(error, choices)));
  const place = where(detail, error.message);
  if (place) box.append(place);
  if (buttons.length) box.append(element("div", { class: "choices" }, ...buttons));
  box.hidden = false;
  box.scrollIntoView({ block: "nearest" });
}
