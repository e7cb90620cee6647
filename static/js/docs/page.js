// The reference of the API: every operation of /openapi.json, with a form to try it.
import { requestJson } from "../ui/api.js";
import { element, find } from "../ui/dom.js";
import { clearProblem, showProblem } from "../ui/problem.js";
import { boundsWords, parts, typeWords } from "./schema.js";
import { tryForm } from "./request_form.js";

const problem = find(document, "#service-problem");
const METHODS = ["get", "post", "put", "patch", "delete"];

const badge = (method) => element("span", { class: `method method-${method}` }, method.toUpperCase());

/** [{path, method, operation}], the API before the service's own pages. */
function operationsOf(spec) {
  const all = Object.entries(spec.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => ({ path, method, operation: item[method] })),
  );
  const rank = ({ path }) => (path.startsWith("/api") ? 0 : 1);
  return all.toSorted((a, b) => rank(a) - rank(b));
}

function parameters(operation, spec) {
  if (!operation.parameters?.length) return null;
  const rows = operation.parameters.map(({ name, in: where, required, description, schema }) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, element("code", {}, name)),
      element("td", {}, [typeWords(schema, spec), boundsWords(schema)].filter(Boolean).join(", ")),
      element("td", {}, [where, required ? "required" : ""].filter(Boolean).join(", ")),
      element("td", {}, description ?? ""),
    ),
  );
  const head = ["Name", "Type", "Where", "Meaning"].map((each) => element("th", { scope: "col" }, each));
  return element(
    "details",
    { class: "more" },
    element("summary", {}, `Parameters (${rows.length})`),
    element(
      "div",
      { class: "scroll", tabindex: 0, role: "region", "aria-label": `Parameters of ${operation.operationId}` },
      element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows)),
    ),
  );
}

function reference(schema, spec) {
  const name = schema.$ref?.split("/").at(-1);
  return name ? element("a", { href: `#schema-${name}` }, name) : element("span", {}, typeWords(schema, spec));
}

const media = (content, spec) =>
  element(
    "ul",
    { class: "schema" },
    ...Object.entries(content).map(([type, { schema = {} }]) =>
      element("li", {}, element("code", {}, type), " ", reference(schema, spec), parts(schema, spec)),
    ),
  );

function body(operation, spec) {
  if (!operation.requestBody) return null;
  return element(
    "details",
    { class: "more" },
    element("summary", {}, "Body"),
    media(operation.requestBody.content, spec),
  );
}

function responses(operation, spec) {
  const rows = Object.entries(operation.responses).map(([status, { description, content }]) =>
    element("li", {}, element("code", {}, status), ` ${description}`, content ? media(content, spec) : null),
  );
  return element(
    "details",
    { class: "more" },
    element("summary", {}, "Responses"),
    element("ul", { class: "schema" }, ...rows),
  );
}

function article({ path, method, operation }, spec) {
  const tryable = element("details", { class: "more" }, element("summary", {}, "Try it"));
  // Made when opened: most are not.
  tryable.addEventListener(
    "toggle",
    () => tryable.childElementCount < 2 && tryable.append(tryForm(path, method, operation)),
  );
  return element(
    "article",
    { class: "card operation", id: operation.operationId, "aria-label": `${method.toUpperCase()} ${path}` },
    element("h3", {}, badge(method), element("code", {}, path)),
    element("p", {}, operation.summary ?? ""),
    operation.description ? element("p", {}, operation.description) : null,
    parameters(operation, spec),
    body(operation, spec),
    responses(operation, spec),
    tryable,
  );
}

const schemaEntry = ([name, schema], spec) =>
  element(
    "details",
    { class: "more", id: `schema-${name}` },
    element("summary", {}, name),
    schema.description ? element("p", { class: "hint" }, schema.description) : null,
    parts(schema, spec) ?? element("p", { class: "hint" }, typeWords(schema, spec)),
  );

function draw(spec) {
  const operations = operationsOf(spec);
  find(document, "#about").textContent =
    `${spec.info.title}, version ${spec.info.version}. ${spec.info.description ?? ""}`;
  find(document, "#contents").replaceChildren(
    ...operations.map(({ path, method, operation }) =>
      element("li", {}, element("a", { href: `#${operation.operationId}` }, badge(method), element("span", {}, path))),
    ),
  );
  find(document, "#list").replaceChildren(...operations.map((each) => article(each, spec)));
  find(document, "#schemas").replaceChildren(
    ...Object.entries(spec.components?.schemas ?? {}).map((each) => schemaEntry(each, spec)),
  );
  openTarget();
}

/** A link to a schema opens it. */
function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) target.open = true;
  if (target) target.scrollIntoView();
}

async function start() {
  clearProblem(problem);
  try {
    draw(await requestJson("GET", "/openapi.json"));
  } catch (error) {
    showProblem(problem, error, { retry: start });
  }
}

addEventListener("hashchange", openTarget);
start();
