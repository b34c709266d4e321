// The highlighters agree, token by token.

import assert from "node:assert/strict";
import { test } from "node:test";
import { corpus } from "./corpus.mjs";
import { serverTokens } from "./semantic.mjs";
import { byName, refined } from "./table.mjs";
import { textmateClasses } from "./textmate.mjs";
import { treeClasses } from "./treesitter.mjs";

// Plain punctuation belongs to no class; one grammar may count it to its neighbours.
const PUNCTUATION = /[{}()[\],:.]/;

/** Where two lists of classes differ: `name:line: text: one is …, the other …`. */
function differences({ name, text }, one, other, same) {
  const found = [];
  for (let at = 0; at < text.length; at += 1) {
    if (/\s/.test(text[at]) || one[at] === other[at] || same(one[at], other[at], text[at])) continue;
    let end = at + 1;
    while (end < text.length && one[end] === one[at] && other[end] === other[at] && text[end] !== "\n") end += 1;
    const line = text.slice(0, at).split("\n").length;
    found.push(`${name}:${line}: ${text.slice(at, end).trim()}: ${one[at]}, ${other[at]}`);
    at = end - 1;
  }
  return found;
}

test("the TextMate grammar and tree-sitter agree", async () => {
  const same = (a, b, sign) => PUNCTUATION.test(sign) && (a === "none" || b === "none");
  const texts = corpus();
  const trees = treeClasses(texts.map((it) => it.text));
  const found = [];
  for (const [at, it] of texts.entries()) found.push(...differences(it, await textmateClasses(it.text), trees[at], same));
  assert.deepEqual(found, []);
});

test("the server agrees with tree-sitter", { timeout: 120_000 }, async (t) => {
  const texts = corpus();
  const server = await serverTokens(texts);
  if (!server) return t.skip("no onward with a language server: cargo build -p onward, or set ONWARD");
  // The server may be silent, and may know a name better.
  const same = (token, name) => {
    const wanted = byName.get(name)?.token;
    return token === "none" || token === wanted || (refined[name] ?? []).includes(token);
  };
  const trees = treeClasses(texts.map((it) => it.text));
  const found = texts.flatMap((it, at) => differences(it, server[at], trees[at], same));
  assert.deepEqual(found, []);
});
