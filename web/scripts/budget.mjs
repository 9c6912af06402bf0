// Measures what a visitor loads, gzipped, from Vite's manifest, and fails over budget.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const dist = join(import.meta.dirname, "..", "dist");
const manifest = JSON.parse(readFileSync(join(dist, ".vite", "manifest.json"), "utf8"));
const size = (file) => gzipSync(readFileSync(join(dist, file)), { level: 9 }).length / 1000;

/** Everything a chunk cannot run without. */
function closure(key, seen = new Set()) {
  if (seen.has(key)) return seen;
  seen.add(key);
  for (const each of manifest[key].imports ?? []) closure(each, seen);
  return seen;
}

const entry = Object.keys(manifest).find((key) => manifest[key].isEntry);
const first = closure(entry);
const page = (name) => Object.keys(manifest).find((key) => key.endsWith(name));
const total = (keys, of) =>
  [...keys].flatMap((key) => of(manifest[key])).reduce((sum, file) => sum + size(file), 0);
const js = (chunk) => [chunk.file];
const css = (chunk) => chunk.css ?? [];

const overview = new Set([...first, ...closure(page("features/system/OverviewPage.tsx"))]);
const rows = [
  ["entry and what it imports", total(first, js), 150],
  ["overview before its first paint", total(overview, js), 185],
  ["style sheets of the overview", total(overview, css), 12],
];
// The big parts come alone, each with the library it stands on.
const parts = { "ui/TerminalScreen.tsx": 90, "ui/EditorText.tsx": 160 };
for (const [name, budget] of Object.entries(parts)) {
  const key = page(name);
  if (!key) continue; // no page shows one yet
  const own = [...closure(key)].filter((each) => !first.has(each));
  rows.push([`${name} and what it imports`, total(own, js), budget]);
}
for (const key of Object.keys(manifest)) {
  const chunk = manifest[key];
  if (!chunk.isDynamicEntry || !key.startsWith("src/") || key.replace("src/", "") in parts) continue;
  rows.push([key.replace("src/", ""), size(chunk.file), key.startsWith("src/locales/") ? 20 : 25]);
}

let over = false;
for (const [name, kB, budget] of rows) {
  const bad = kB > budget;
  over ||= bad;
  console.log(
    `${bad ? "OVER " : "     "}${kB.toFixed(1).padStart(6)} of ${String(budget).padStart(3)} kB  ${name}`,
  );
}
process.exitCode = over ? 1 : 0;
