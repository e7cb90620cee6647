// A data source, a file or the demo, with the requests that upload and detect it.
import { quoted } from "../ui/shell.js";

/**
 * A file. `options` (date_order, …) resolve what was ambiguous.
 * @param {File} file
 * @param {Record<string, string | undefined>} [options]
 * @returns {DataSource}
 */
export const fromFile = (file, options = {}) => ({ kind: "file", name: file.name, file, options });

/**
 * A demo series. `query`: kind, points, seed; `answer`: the response of the service.
 * @param {Record<string, string>} query
 * @param {any} answer
 * @returns {DataSource}
 */
export const fromDemo = (query, answer) => ({ kind: "demo", name: `Demo: ${query.kind}`, query, answer, options: {} });

/**
 * Body and headers of a request that uploads `source`.
 * @param {any} source
 * @param {{column?: string, detector?: string, params?: Record<string, number>}} [choice]
 * @returns {{body: XMLHttpRequestBodyInit, headers: Record<string, string>}}
 */
export function requestOf(source, { column, detector, params } = {}) {
  if (source.kind === "demo") {
    const { times, values } = source.answer;
    const series = { name: source.query.kind, times, values };
    return { body: JSON.stringify({ series, detector, params }), headers: { "Content-Type": "application/json" } };
  }
  const form = new FormData();
  const fields = { ...source.options, value_column: column, detector, ...params };
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) form.append(name, String(value));
  form.append("file", source.file, source.file.name);
  return { body: form, headers: {} };
}

/** The command line that gets the same results as CSV from the service at `origin`. */
export function curlOf(source, { column, detector, params }, origin) {
  const fields = Object.entries({ ...source.options, value_column: column, detector, ...params });
  const known = fields.filter(([, value]) => value !== undefined && value !== null);
  if (source.kind === "demo") {
    const demo = `${origin}/api/v1/demo?${new URLSearchParams(source.query)}`;
    const detect = `${origin}/api/v1/detect?${new URLSearchParams({ value_column: "value", detector, ...params })}`;
    return [
      `curl -s -H 'Accept: text/csv' ${quoted(demo)} |`,
      `  curl -s -H 'Content-Type: text/csv' -H 'Accept: text/csv' --data-binary @- ${quoted(detect)}`,
    ].join("\n");
  }
  const lines = known.map(([name, value]) => `  --form-string ${quoted(`${name}=${value}`)} \\`);
  const file = source.file.name.replaceAll("\\", "\\\\").replaceAll('"', '\\"');
  return [
    "curl -s -H 'Accept: text/csv' \\",
    ...lines,
    `  -F ${quoted(`file=@"${file}"`)} \\`,
    `  ${quoted(`${origin}/api/v1/detect`)}`,
  ].join("\n");
}
