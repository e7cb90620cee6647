import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path/posix";
import { test } from "node:test";

const ROOT = new URL("../../", import.meta.url);
const read = (path) => readFileSync(new URL(path, ROOT));
const sums = read("static/vendor/SHA256SUMS")
  .toString()
  .trim()
  .split("\n")
  .map((line) => line.split("  "));

test("every vendored file is the one whose checksum was kept, and none is without", () => {
  for (const [sum, name] of sums) {
    assert.equal(
      createHash("sha256")
        .update(read(`static/vendor/${name}`))
        .digest("hex"),
      sum,
      name,
    );
  }
  const files = readdirSync(new URL("static/vendor/", ROOT)).filter((name) => name !== "SHA256SUMS");
  assert.deepEqual(sums.map(([, name]) => name).sort(), files.sort());
});

test("the versions in the file names are those that package.json pins", () => {
  const pinned = JSON.parse(read("package.json")).devDependencies;
  const stems = { "chart.js": "chart" };
  for (const [name, stem] of Object.entries(stems)) {
    assert.ok(
      sums.some(([, file]) => file === `${stem}-${pinned[name]}.min.js`),
      name,
    );
  }
});

test("the page loads exactly the vendored files", () => {
  const asked = [
    ...read("templates/index.html")
      .toString()
      .matchAll(/\/static\/vendor\/([^"]+)"/g),
  ].map((found) => found[1]);
  assert.deepEqual(
    asked.sort(),
    sums
      .map(([, name]) => name)
      .filter((name) => name.endsWith(".js"))
      .sort(),
  );
});

test("the lock names no registry and no address", () => {
  assert.ok(
    !/https?:\/\/(?!opencollective|github)/.test(
      read("package-lock.json")
        .toString()
        .replace(/"funding": \{[^}]*\}/g, ""),
    ),
  );
});

/** The files of the service that a page loads: those it names, and what their modules import. */
function loaded(template) {
  const found = new Set(["templates/base.html", `templates/${template}`]);
  for (const file of found) {
    const text = read(file).toString();
    for (const [, path] of file.endsWith(".html") ? text.matchAll(/"\/(static\/[^"]+\.(?:js|css))"/g) : [])
      found.add(path);
    for (const [, path] of file.startsWith("static/js/") ? text.matchAll(/ from "(\.[^"]+)"/g) : [])
      found.add(join(dirname(file), path));
  }
  return [...found];
}

for (const template of ["index.html", "live.html"]) {
  test(`everything a browser loads for ${template} is under 450 kB`, () => {
    const files = loaded(template);
    assert.ok(files.includes("static/js/chart/decimate.js")); // found through imports alone
    const total = files.reduce((sum, file) => sum + read(file).length, 0);
    assert.ok(total < 450000, `${total} bytes`);
  });
}

test("no inline script, style or event handler, and no address of another host", () => {
  for (const page of ["base.html", "index.html", "live.html", "docs.html"]) {
    const text = read(`templates/${page}`).toString();
    assert.doesNotMatch(text, /<style|\sstyle=|\son\w+=/);
    assert.doesNotMatch(text, /<script(?![^>]*\ssrc=)/);
    assert.doesNotMatch(text, /(?:src|href)="(?:https?:)?\/\//);
  }
});
