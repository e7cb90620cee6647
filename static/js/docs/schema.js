// A JSON Schema in words: what a value is, and what its parts are.
import { element } from "../ui/dom.js";

const DEEPEST = 5;

/** The schema that a `$ref` into the document's own components names; others as they are. */
export function resolved(schema, document) {
  const name = schema?.$ref?.split("/").at(-1);
  return name ? document.components.schemas[name] : (schema ?? {});
}

/** The type in a few words: "number or null", "array of string", "one of a, b". */
export function typeWords(schema, document) {
  if (schema.$ref) return schema.$ref.split("/").at(-1);
  if ("const" in schema) return JSON.stringify(schema.const);
  if (schema.enum) return `one of ${schema.enum.join(", ")}`;
  const several = schema.anyOf ?? schema.oneOf;
  if (several) return [...new Set(several.map((each) => each.title ?? typeWords(each, document)))].join(" or ");
  if (schema.type === "array" && schema.items) return `array of ${typeWords(schema.items, document)}`;
  return [schema.type ?? "anything"].flat().join(" or ");
}

/** Bounds and default in words; "" when there are none. */
export function boundsWords({ minimum, maximum, default: initial }) {
  const words = [];
  if (minimum !== undefined && maximum !== undefined) words.push(`from ${minimum} to ${maximum}`);
  else if (minimum !== undefined) words.push(`at least ${minimum}`);
  else if (maximum !== undefined) words.push(`at most ${maximum}`);
  if (initial !== undefined && initial !== null) words.push(`default ${JSON.stringify(initial)}`);
  return words.join(", ");
}

function property(name, schema, required, document, depth) {
  const facts = [typeWords(schema, document), boundsWords(schema), required ? "required" : ""]
    .filter(Boolean)
    .join(", ");
  return element(
    "li",
    {},
    element("code", {}, name),
    element("span", { class: "hint" }, ` ${facts}`),
    schema.description ? element("div", { class: "hint" }, schema.description) : null,
    parts(schema, document, depth + 1),
  );
}

/** The properties of a schema as a nested list; null when it has none. References stay names: they have their own entry. */
export function parts(schema, document, depth = 0) {
  if (depth > DEEPEST) return null;
  if (schema.items && !schema.items.$ref) return parts(schema.items, document, depth);
  const several = schema.anyOf ?? schema.oneOf;
  if (several) {
    const described = several.filter((each) => each.properties);
    return described.length
      ? element(
          "ul",
          { class: "schema" },
          ...described.map((each) => property(each.title ?? "", each, false, document, depth)),
        )
      : null;
  }
  if (!schema.properties) return null;
  const needed = new Set(schema.required ?? []);
  return element(
    "ul",
    { class: "schema" },
    ...Object.entries(schema.properties).map(([name, each]) => property(name, each, needed.has(name), document, depth)),
  );
}
