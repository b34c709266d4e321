// Every query can be asked, and finds something in the sample.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { grammar, here } from "./paths.mjs";
import { captures } from "./treesitter.mjs";

const sample = readFileSync(path.join(here, "samples/everything.onward"), "utf8");

const folders = [path.join(grammar, "queries"), ...["neovim/queries/onward", "helix/queries/onward", "zed/languages/onward"].map((it) => path.join(here, "..", it))];
const files = folders.flatMap((folder) => readdirSync(folder).filter((it) => it.endsWith(".scm")).map((it) => path.join(folder, it)));

for (const name of files) {
  test(path.relative(here, name), () => assert.ok(captures([sample], name)[0].length > 0));
}

test("every word of the grammar is coloured", () => {
  const types = JSON.parse(readFileSync(path.join(grammar, "src/node-types.json"), "utf8"));
  const words = types.filter((it) => !it.named && /^[a-z]/.test(it.type)).map((it) => it.type);
  const text = readFileSync(path.join(grammar, "queries/highlights.scm"), "utf8");
  // These have a node of their own, which is coloured.
  const grammarText = readFileSync(path.join(grammar, "grammar.js"), "utf8");
  const units = /const UNITS = \[([^\]]*)\]/.exec(grammarText)[1].match(/\w+/g);
  const known = new Set([...units, "true", "false", "now", "today"]);
  assert.deepEqual(words.filter((it) => !known.has(it) && !text.includes(`"${it}"`)), []);
});
