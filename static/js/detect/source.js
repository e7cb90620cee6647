// Where the data comes from, a file or the demo, and the requests that judge it: the page's own and curl's.

/** A file the analyst chose. `options` (date_order, …) answer what the service had to ask back. */
export const fromFile = (file, options = {}) => ({ kind: "file", name: file.name, file, options });

/** A demo series as the service gave it. `query` is what was asked for: kind, points, seed. */
export const fromDemo = (query, answer) => ({ kind: "demo", name: `Demo: ${query.kind}`, query, answer, options: {} });

/** Body and headers of a request about `source`. `choice` holds column, detector and params, where they matter. */
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

/** One word of a shell command, quoted where it must be. */
export function quoted(word) {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** The command line that gets the same results as CSV from the service at `origin`. */
export function curlOf(source, { column, detector, params }, origin) {
  const fields = Object.entries({ ...source.options, value_column: column, detector, ...params });
  const given = fields.filter(([, value]) => value !== undefined && value !== null);
  if (source.kind === "demo") {
    const demo = `${origin}/api/v1/demo?${new URLSearchParams(source.query)}`;
    const judge = `${origin}/api/v1/detect?${new URLSearchParams({ value_column: "value", detector, ...params })}`;
    return [
      `curl -s -H 'Accept: text/csv' ${quoted(demo)} |`,
      `  curl -s -H 'Content-Type: text/csv' -H 'Accept: text/csv' --data-binary @- ${quoted(judge)}`,
    ].join("\n");
  }
  const lines = given.map(([name, value]) => `  --form-string ${quoted(`${name}=${value}`)} \\`);
  const file = source.file.name.replaceAll("\\", "\\\\").replaceAll('"', '\\"');
  return [
    "curl -s -H 'Accept: text/csv' \\",
    ...lines,
    `  -F ${quoted(`file=@"${file}"`)} \\`,
    `  ${quoted(`${origin}/api/v1/detect`)}`,
  ].join("\n");
}
