// Puts what the page needs of the browser libraries that package.json pins into static/vendor/, with the version in
// each file name, their licences, and the SHA-256 of every file: `npm ci && npm run vendor`.
// Chart.js is cut to the parts that a chart of lines uses, by esbuild, which npx fetches for this alone.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";

const BUNDLER = "esbuild@0.28.2";
const USED = "Chart, Filler, LineController, LineElement, LinearScale, PointElement, Tooltip";
const CHART = `import { Interaction, ${USED} } from "chart.js";
Chart.register(${USED.replace("Chart, ", "")});
Chart.Interaction = Interaction;
globalThis.Chart = Chart;
`;
const LIBRARIES = [{ name: "chart.js", entry: CHART, as: "chart" }];
// Chart.js carries this one inside its own file, at a version of its own choice.
const INCLUDED = ["@kurkle/color"];
const FOLDER = new URL("static/vendor/", import.meta.url);

const from = (name, file) => readFileSync(new URL(`node_modules/${name}/${file}`, import.meta.url), "utf8");
const version = (name) => JSON.parse(from(name, "package.json")).version;
/** The minified script of a few lines and what they import. */
function bundled(entry) {
  const flags = ["--bundle", "--minify", "--format=iife", "--legal-comments=none", "--log-level=error"];
  const cwd = new URL(".", import.meta.url);
  return execFileSync("npx", ["--yes", BUNDLER, ...flags], { input: entry, cwd, encoding: "utf8", maxBuffer: 2 ** 24 });
}

function licence(name) {
  const folder = new URL(`node_modules/${name}/`, import.meta.url);
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  return `${name}\n\n${from(name, file).trim()}\n`;
}

rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(FOLDER, { recursive: true });
const files = LIBRARIES.map(({ name, entry, as }) => {
  const banner = `/*! The part of ${name} ${version(name)} that lines need; licence in LICENSES.txt */\n`;
  return { name: `${as}-${version(name)}.min.js`, text: banner + bundled(entry) };
});
const names = [...LIBRARIES.map(({ name }) => name), ...INCLUDED];
files.push({ name: "LICENSES.txt", text: names.map(licence).join(`\n${"-".repeat(72)}\n\n`) });

const sums = files.map(({ name, text }) => `${createHash("sha256").update(text).digest("hex")}  ${name}\n`);
files.push({ name: "SHA256SUMS", text: sums.join("") });
for (const { name, text } of files) writeFileSync(new URL(name, FOLDER), text);
