// The tree-sitter grammar reads every text of the corpus without a mistake.

import assert from "node:assert/strict";
import { test } from "node:test";
import { corpus } from "./corpus.mjs";
import { mistakes } from "./treesitter.mjs";

test("every text is read without a mistake", () => {
  const texts = corpus();
  assert.ok(texts.length > 50, "the corpus is there");
  const found = mistakes(texts.map((it) => it.text)).flatMap((those, at) => those.map((it) => `${texts[at].name}:${it.line}: ${it.text}`));
  assert.deepEqual(found, []);
});
