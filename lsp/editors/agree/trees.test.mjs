// The trees of test/corpus, which `tree-sitter test` checks too (and writes anew with `--update`).

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { grammar } from "./paths.mjs";
import { trees } from "./treesitter.mjs";

const folder = path.join(grammar, "test/corpus");
const CASE = /^={3,}\n(.+)\n={3,}\n([\s\S]*?)\n---\n([\s\S]*?)(?=\n={3,}\n|$(?![\s\S]))/gm;

/** The tree without names of fields and white space. */
const plain = (tree) => tree.replace(/\w+: /g, "").replace(/\s+/g, " ").replace(/ \)/g, ")").trim();

for (const file of readdirSync(folder)) {
  for (const [, title, text, tree] of readFileSync(path.join(folder, file), "utf8").matchAll(CASE)) {
    test(`${file}: ${title}`, () => assert.equal(plain(trees([text])[0]), plain(tree)));
  }
}
