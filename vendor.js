// Copies the browser libraries that package.json pins from node_modules/ to static/vendor/, with the
// version in each file name, their licences, and the SHA-256 of every file: `npm ci && npm run vendor`.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";

const LIBRARIES = [
  { name: "chart.js", file: "dist/chart.umd.min.js", as: "chart" },
];
// Chart.js carries this one inside its own file, at a version of its own choice.
const INCLUDED = ["@kurkle/color"];
const FOLDER = new URL("static/vendor/", import.meta.url);

const from = (name, file) => readFileSync(new URL(`node_modules/${name}/${file}`, import.meta.url), "utf8");
const version = (name) => JSON.parse(from(name, "package.json")).version;
// Browsers ask for a source map that is not shipped; without the line they do not.
const withoutSourceMap = (text) => text.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, "\n");

function licence(name) {
  const folder = new URL(`node_modules/${name}/`, import.meta.url);
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  return `${name}\n\n${from(name, file).trim()}\n`;
}

rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(FOLDER, { recursive: true });
const files = LIBRARIES.map(({ name, file, as }) => ({
  name: `${as}-${version(name)}.min.js`,
  text: withoutSourceMap(from(name, file)),
}));
const names = [...LIBRARIES.map(({ name }) => name), ...INCLUDED];
files.push({ name: "LICENSES.txt", text: names.map(licence).join(`\n${"-".repeat(72)}\n\n`) });

const sums = files.map(({ name, text }) => `${createHash("sha256").update(text).digest("hex")}  ${name}\n`);
files.push({ name: "SHA256SUMS", text: sums.join("") });
for (const { name, text } of files) writeFileSync(new URL(name, FOLDER), text);
