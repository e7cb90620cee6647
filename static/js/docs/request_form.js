// A form for one operation: sends a request, and shows the response and the same request as a curl command.
import { announce, element } from "../ui/dom.js";
import { bytes } from "../ui/format.js";
import { quoted } from "../ui/shell.js";

const MAX_SHOWN = 20000; // characters of a response

function input(id, /** @type {{schema?: any, example?: any}} */ { schema = {}, example }) {
  if (schema.enum) {
    return element(
      "select",
      { id },
      element("option", { value: "" }, "(not sent)"),
      ...schema.enum.map((each) => element("option", {}, each)),
    );
  }
  const numeric = schema.type === "integer" || schema.type === "number";
  return element("input", {
    id,
    type: numeric ? "number" : "text",
    step: schema.type === "integer" ? 1 : "any",
    placeholder: schema.default ?? example ?? "",
    autocomplete: "off",
  });
}

/** JSON with a line for each property, and one line for an array of plain values. */
export function prettyJson(value, indent = "") {
  const inner = `${indent}  `;
  const plain = (each) => each === null || typeof each !== "object";
  if (plain(value)) return JSON.stringify(value);
  if (Array.isArray(value)) {
    if (value.every(plain)) return `[${value.map((each) => JSON.stringify(each)).join(", ")}]`;
    return `[\n${value.map((each) => inner + prettyJson(each, inner)).join(",\n")}\n${indent}]`;
  }
  const lines = Object.entries(value).map(
    ([name, each]) => `${inner}${JSON.stringify(name)}: ${prettyJson(each, inner)}`,
  );
  return lines.length ? `{\n${lines.join(",\n")}\n${indent}}` : "{}";
}

const exampleOf = (media) => {
  const example = media.example ?? Object.values(media.examples ?? {})[0]?.value ?? "";
  return typeof example === "string" ? example : prettyJson(example);
};

/** The request of the form, as {url, method, headers, body, curl}. */
function requestOf(/** @type {any} */ form, origin) {
  const { path, method, fields, kind, accept, text, file } = form;
  let filled = path;
  const query = new URLSearchParams();
  for (const { parameter, control } of fields) {
    if (control.value === "") continue;
    if (parameter.in === "path") filled = filled.replace(`{${parameter.name}}`, encodeURIComponent(control.value));
    else query.set(parameter.name, control.value);
  }
  const url = filled + (query.size ? `?${query}` : "");
  const headers = accept?.value ? { Accept: accept.value } : {};
  const command = ["curl", "-s", ...(method === "get" ? [] : ["-X", method.toUpperCase()])];
  let body;
  if (kind?.value === "multipart/form-data") {
    body = new FormData();
    if (file.files[0]) body.append("file", file.files[0]);
    command.push("-F", `file=@${file.files[0]?.name ?? "series.csv"}`);
  } else if (kind) {
    headers["Content-Type"] = kind.value;
    body = text.value;
  }
  for (const [name, value] of Object.entries(headers)) command.push("-H", `${name}: ${value}`);
  if (typeof body === "string") command.push("--data-binary", body);
  return { url, method: method.toUpperCase(), headers, body, curl: [...command, origin + url].map(quoted).join(" ") };
}

function pretty(text, type) {
  const shown = type.includes("json") && text.length < 200000 ? prettyJson(JSON.parse(text)) : text;
  return shown.length > MAX_SHOWN ? `${shown.slice(0, MAX_SHOWN)}\n… cut here` : shown;
}

async function sendTo(place, request) {
  place.replaceChildren(element("p", {}, "Sending…"));
  const began = performance.now();
  let response;
  try {
    response = await fetch(request.url, { method: request.method, headers: request.headers, body: request.body });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    place.replaceChildren(
      element(
        "p",
        { class: "problem", role: "alert" },
        "The service does not answer. Check that it is still running, then try again.",
      ),
    );
    return;
  }
  const text = await response.text();
  const took = Math.round(performance.now() - began);
  const status = `Status ${response.status} ${response.statusText}, ${took} ms, ${bytes(text.length)}`;
  place.replaceChildren(
    element("p", { class: "status" }, status),
    element(
      "pre",
      { tabindex: 0, role: "region", "aria-label": "Response" },
      element("code", {}, pretty(text, response.headers.get("Content-Type") ?? "")),
    ),
  );
  announce(status);
}

function bodyControls(id, operation) {
  const content = operation.requestBody?.content;
  if (!content) return { controls: [] };
  const kind = element(
    "select",
    { id: `${id}-kind` },
    ...Object.keys(content).map((each) => element("option", {}, each)),
  );
  const text = element("textarea", { id: `${id}-body`, spellcheck: "false" });
  const file = element("input", { id: `${id}-file`, type: "file" });
  const written = element("div", { class: "field" }, element("label", { for: text.id }, "Body"), text);
  const chosen = element("div", { class: "field" }, element("label", { for: file.id }, "File"), file);
  const show = () => {
    const form = kind.value === "multipart/form-data";
    written.hidden = form;
    chosen.hidden = !form;
    text.value = exampleOf(content[kind.value]);
  };
  kind.addEventListener("change", show);
  show();
  return {
    kind,
    text,
    file,
    controls: [
      element("div", { class: "field" }, element("label", { for: kind.id }, "Content type"), kind),
      written,
      chosen,
    ],
  };
}

function acceptControl(id, operation) {
  const kinds = Object.keys(operation.responses?.["200"]?.content ?? {});
  if (kinds.length < 2) return { controls: [] };
  const accept = element("select", { id: `${id}-accept` }, ...kinds.map((each) => element("option", {}, each)));
  return {
    accept,
    controls: [element("div", { class: "field" }, element("label", { for: accept.id }, "Accept"), accept)],
  };
}

/** The form that tries `operation`. */
export function tryForm(path, method, operation) {
  const id = operation.operationId;
  const fields = (operation.parameters ?? []).map((parameter) => ({
    parameter,
    control: input(`${id}-${parameter.name}`, parameter),
  }));
  const { controls: bodyParts, ...body } = bodyControls(id, operation);
  const { controls: acceptParts, accept } = acceptControl(id, operation);
  const form = { path, method, fields, accept, ...body };
  const curl = element("code", {});
  const answer = element("div", { class: "answer" });
  const refresh = () => {
    curl.textContent = requestOf(form, location.origin).curl;
  };
  const place = element(
    "form",
    { class: "try", novalidate: true, "aria-label": `Try ${method.toUpperCase()} ${path}` },
    element(
      "div",
      { class: "fields" },
      ...fields.map(({ parameter, control }) =>
        element("div", { class: "field" }, element("label", { for: control.id }, parameter.name), control),
      ),
      ...acceptParts,
    ),
    ...bodyParts,
    element("pre", { tabindex: 0, role: "region", "aria-label": "curl command" }, curl),
    element("div", { class: "send" }, element("button", { class: "button primary", type: "submit" }, "Send")),
    answer,
  );
  for (const kind of ["input", "change"]) place.addEventListener(kind, refresh);
  place.addEventListener("submit", (event) => {
    event.preventDefault();
    sendTo(answer, requestOf(form, location.origin));
  });
  refresh();
  return place;
}
