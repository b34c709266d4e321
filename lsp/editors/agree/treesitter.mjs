// The tree-sitter grammar, built when its sources are newer.

import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import Parser from "tree-sitter";
import headers from "node-api-headers";
import { grammar, here } from "./paths.mjs";
import { classOf } from "./table.mjs";

const built = path.join(here, ".build/onward.node");
const sources = [path.join(grammar, "src/parser.c"), path.join(grammar, "src/scanner.c"), path.join(here, "binding.c")];

function age(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

if (sources.some((it) => age(it) > age(built))) {
  mkdirSync(path.dirname(built), { recursive: true });
  const link = process.platform === "darwin" ? ["-undefined", "dynamic_lookup"] : [];
  execFileSync(
    process.env.CC ?? "cc",
    ["-shared", "-fPIC", "-O1", ...link, "-I", path.join(grammar, "src"), "-I", headers.include_dir, "-o", built, ...sources],
    { stdio: "inherit" },
  );
}

const language = createRequire(import.meta.url)(built);
const parser = new Parser();
parser.setLanguage(language);

export function parse(text) {
  return parser.parse((index) => text.slice(index, index + 4096));
}

export function query(name) {
  return new Parser.Query(language, readFileSync(path.resolve(grammar, "queries", name), "utf8"));
}

/** The outermost nodes with mistakes: `[{ line, text }]`. */
export function mistakes(text) {
  const found = [];
  const walk = (node) => {
    if (node.isError || node.isMissing) found.push({ line: node.startPosition.row + 1, text: node.text.slice(0, 60) });
    else if (node.hasError) node.children.forEach(walk);
  };
  walk(parse(text).rootNode);
  return found;
}

let highlights;

/** The class of each UTF-16 unit; of two captures the one of the smaller node, then the later, counts. */
export function treeClasses(text) {
  highlights ??= query("highlights.scm");
  const found = highlights.captures(parse(text).rootNode);
  const size = (it) => it.node.endIndex - it.node.startIndex;
  found.sort((a, b) => size(b) - size(a));
  const out = new Array(text.length).fill("none");
  for (const { name, node } of found) out.fill(classOf("capture", name) ?? "none", node.startIndex, node.endIndex);
  return out;
}
