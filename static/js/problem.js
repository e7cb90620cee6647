// What went wrong, said where the user looks; where the service asks back, its choices as buttons.
import { byId, element } from "./dom.js";

const DATES = {
  dmy: "Day first: 01/02/2026 is the 1st of February",
  mdy: "Month first: 01/02/2026 is the 2nd of January",
  ymd: "Year first: 26/01/02 is the 2nd of January",
};

function where({ line, column }) {
  const words = [line && `Line ${line}`, column !== undefined && `column ${column}`].filter(Boolean);
  return words.length ? element("p", { class: "where" }, `${words.join(", ")}.`) : null;
}

/** The choices of an "ambiguous" error as [{name, value, words}]. */
export function choicesOf({ code, detail }) {
  if (code !== "ambiguous" || !Array.isArray(detail.choices)) return [];
  return detail.choices.map((choice) => {
    const value = typeof choice === "string" ? choice : choice.value;
    const words = choice.title ?? choice.message ?? DATES[value] ?? value;
    return { name: detail.parameter ?? "date_order", value, words };
  });
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
  box.replaceChildren(element("p", {}, error.message));
  const place = where(detail);
  if (place && !/\bline \d/i.test(error.message)) box.append(place);
  if (buttons.length) box.append(element("div", { class: "choices" }, ...buttons));
  box.hidden = false;
  box.scrollIntoView({ block: "nearest" });
}
