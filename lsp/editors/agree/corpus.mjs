// Every text of Onward in this repository that is free of mistakes of syntax.

import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { root } from "./paths.mjs";

// A remark beside words with a mistake of syntax: `#   ^^^ E0013: …`.
const MISTAKE = /^#.*\bE00\d\d: /m;

function files(folder) {
  return readdirSync(path.join(root, folder), { recursive: true })
    .filter((name) => name.endsWith(".onward") && !name.includes("target/"))
    .map((name) => path.join(folder, name))
    .sort();
}

function whole(name) {
  return { name, text: readFileSync(path.join(root, name), "utf8") };
}

/** The texts between lines of dashes. */
function sentences(name) {
  const text = readFileSync(path.join(root, name), "utf8");
  return text.split(/^-{4,}$/m).map((part, at) => ({ name: `${name}[${at}]`, text: part.trim() + "\n" }));
}

/** `[{ name, text }]` */
export function corpus() {
  return [
    ...["examples", "compiler/std", "compiler/tests", "cli", "lsp/editors"].flatMap(files).filter((it) => !it.includes("node_modules")).map(whole),
    ...sentences("compiler/tests/sentences/corpus.txt"),
  ].filter((it) => !MISTAKE.test(it.text));
}
