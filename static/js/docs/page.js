// The API page: every operation of /openapi.json, with its parameters, bodies, answers and a form to try it.
import { ask } from "../ui/api.js";
import { byId, element } from "../ui/dom.js";
import { clearProblem, showProblem } from "../ui/problem.js";
import { boundsWords, parts, typeWords } from "./schema.js";
import { tryForm } from "./request_form.js";

const METHODS = ["get", "post", "put", "patch", "delete"];

const badge = (method) => element("span", { class: `method method-${method}` }, method.toUpperCase());

/** [{path, method, operation}], the API before the service's own pages. */
function operationsOf(document) {
  const all = Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => ({ path, method, operation: item[method] })),
  );
  const rank = ({ path }) => (path.startsWith("/api") ? 0 : 1);
  return all.toSorted((a, b) => rank(a) - rank(b));
}

function parameters(operation, document) {
  if (!operation.parameters?.length) return null;
  const rows = operation.parameters.map(({ name, in: where, required, description, schema }) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, element("code", {}, name)),
      element("td", {}, [typeWords(schema, document), boundsWords(schema)].filter(Boolean).join(", ")),
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

function reference(schema, document) {
  const name = schema.$ref?.split("/").at(-1);
  return name ? element("a", { href: `#schema-${name}` }, name) : element("span", {}, typeWords(schema, document));
}

const media = (content, document) =>
  element(
    "ul",
    { class: "schema" },
    ...Object.entries(content).map(([type, { schema = {} }]) =>
      element("li", {}, element("code", {}, type), " ", reference(schema, document), parts(schema, document)),
    ),
  );

function body(operation, document) {
  if (!operation.requestBody) return null;
  return element(
    "details",
    { class: "more" },
    element("summary", {}, "Body"),
    media(operation.requestBody.content, document),
  );
}

function answers(operation, document) {
  const rows = Object.entries(operation.responses).map(([status, { description, content }]) =>
    element("li", {}, element("code", {}, status), ` ${description}`, content ? media(content, document) : null),
  );
  return element(
    "details",
    { class: "more" },
    element("summary", {}, "Answers"),
    element("ul", { class: "schema" }, ...rows),
  );
}

function article({ path, method, operation }, document) {
  const tryable = element("details", { class: "more" }, element("summary", {}, "Try it"));
  // Made when opened: most are never tried.
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
    parameters(operation, document),
    body(operation, document),
    answers(operation, document),
    tryable,
  );
}

const schemaEntry = ([name, schema], document) =>
  element(
    "details",
    { class: "more", id: `schema-${name}` },
    element("summary", {}, name),
    schema.description ? element("p", { class: "hint" }, schema.description) : null,
    parts(schema, document) ?? element("p", { class: "hint" }, typeWords(schema, document)),
  );

function draw(document) {
  const operations = operationsOf(document);
  byId("about").textContent =
    `${document.info.title}, version ${document.info.version}. ${document.info.description ?? ""}`;
  byId("contents").replaceChildren(
    ...operations.map(({ path, method, operation }) =>
      element("li", {}, element("a", { href: `#${operation.operationId}` }, badge(method), element("span", {}, path))),
    ),
  );
  byId("list").replaceChildren(...operations.map((each) => article(each, document)));
  byId("schemas").replaceChildren(
    ...Object.entries(document.components?.schemas ?? {}).map((each) => schemaEntry(each, document)),
  );
  openTarget();
}

/** A link to a schema opens it. */
function openTarget() {
  const target = location.hash && byId(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) target.open = true;
  if (target) target.scrollIntoView();
}

async function start() {
  clearProblem("service-problem");
  try {
    draw(await ask("GET", "/openapi.json"));
  } catch (error) {
    showProblem("service-problem", error, { retry: start });
  }
}

addEventListener("hashchange", openTarget);
start();
