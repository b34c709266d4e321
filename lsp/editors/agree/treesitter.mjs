// The tree-sitter grammar, asked through `driver.c`, which is built when its sources are newer.

import { execFileSync } from "node:child_process";
import { mkdirSync, statSync } from "node:fs";
import path from "node:path";
import { grammar, here } from "./paths.mjs";
import { classOf } from "./table.mjs";

const library = path.join(here, "node_modules/tree-sitter/vendor/tree-sitter/lib");
const driver = path.join(here, ".build/driver");
const sources = [...["parser.c", "scanner.c"].map((it) => path.join(grammar, "src", it)), path.join(here, "driver.c")];

const age = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** Builds the driver if it is not there, or older than its sources. */
export function build() {
  if (sources.every((it) => age(it) <= age(driver))) return;
  mkdirSync(path.dirname(driver), { recursive: true });
  const folders = [path.join(library, "include"), path.join(library, "src"), path.join(grammar, "src")];
  execFileSync(
    process.env.CC ?? "cc",
    ["-std=c11", "-D_DEFAULT_SOURCE", "-O1", ...folders.flatMap((it) => ["-I", it]), "-o", driver, ...sources, path.join(library, "src/lib.c")],
    { stdio: "inherit" },
  );
}

function ask(texts, ...args) {
  build();
  const input = texts.map((it) => `${it}\0`).join("");
  return execFileSync(driver, args, { input, encoding: "utf8", maxBuffer: 1 << 28 }).split("\0").slice(0, -1);
}

/** The tree of each text. */
export const trees = (texts) => ask(texts, "tree");

const rows = (answer) => answer.split("\n").filter(Boolean).map((it) => it.split(" "));

/** The places of bytes in a text, as places of UTF-16 units. */
function places(text) {
  const bytes = Buffer.from(text);
  if (bytes.length === text.length) return (byte) => byte;
  return (byte) => bytes.subarray(0, byte).toString().length;
}

/** The outermost nodes with mistakes in each text: `{ line, text }`. */
export function mistakes(texts) {
  return ask(texts, "mistakes").map((answer, at) => {
    const place = places(texts[at]);
    return rows(answer).map((it) => it.map((byte) => place(Number(byte)))).map(([from, to]) => ({
      line: texts[at].slice(0, from).split("\n").length,
      text: texts[at].slice(from, Math.min(to, from + 60)),
    }));
  });
}

/** The captures of a query in each text: `{ name, from, to }`; predicates are not asked. */
export function captures(texts, file) {
  return ask(texts, "query", file).map((answer, at) => {
    const place = places(texts[at]);
    return rows(answer).map(([name, from, to]) => ({ name, from: place(Number(from)), to: place(Number(to)) }));
  });
}

/** The class of each UTF-16 unit of each text; of two captures the one of the smaller node counts. */
export function treeClasses(texts) {
  return captures(texts, path.join(grammar, "queries/highlights.scm")).map((found, at) => {
    const out = new Array(texts[at].length).fill("none");
    found.sort((a, b) => b.to - b.from - (a.to - a.from));
    for (const { name, from, to } of found) out.fill(classOf("capture", name) ?? "none", from, to);
    return out;
  });
}
