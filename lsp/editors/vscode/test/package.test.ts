// What package.json says of itself is there.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";

const read = (file: string) => JSON.parse(readFileSync(file, "utf8"));
const { contributes, icon } = read("package.json");

test("its files exist", () => {
  const files = [
    icon,
    ...contributes.languages.flatMap((it: { configuration: string; icon: { light: string } }) => [it.configuration, it.icon.light]),
    ...contributes.snippets.map((it: { path: string }) => it.path),
    "syntaxes/markdown.json",
  ];
  assert.deepEqual(files.filter((it: string) => !existsSync(it)), []);
});

test("its commands are registered", () => {
  const code = ["src/extension.ts", "src/graph.ts", "src/tests.ts"].map((it) => readFileSync(it, "utf8")).join("");
  for (const { command } of contributes.commands) assert.ok(code.includes(`registerCommand("${command}"`), command);
});

test("semantic tokens have the scopes of the table", () => {
  const table = readFileSync("../highlighting.md", "utf8");
  const scopes = Object.entries<string[]>(contributes.semanticTokenScopes[0].scopes);
  for (const [token, [scope]] of scopes) {
    assert.ok(table.includes(`\`${scope?.replace(/\.onward$/, "").replace(/\.double$/, "")}\``), `${token}: ${scope}`);
  }
});

test("the words of the language are matched as one", () => {
  const { wordPattern } = read("language-configuration.json");
  assert.deepEqual("first_name 2026-03-07 1d".match(new RegExp(wordPattern, "gu")), ["first_name", "2026-03-07", "1d"]);
});
