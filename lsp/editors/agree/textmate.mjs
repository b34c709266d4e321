// The TextMate grammar, as VS Code runs it.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import oniguruma from "vscode-oniguruma";
import vsctm from "vscode-textmate";
import { textmate } from "./paths.mjs";
import { classOf } from "./table.mjs";

const wasm = createRequire(import.meta.url).resolve("vscode-oniguruma/release/onig.wasm");
await oniguruma.loadWASM(readFileSync(wasm));

const registry = new vsctm.Registry({
  onigLib: Promise.resolve({
    createOnigScanner: (sources) => new oniguruma.OnigScanner(sources),
    createOnigString: (text) => new oniguruma.OnigString(text),
  }),
  loadGrammar: async (scope) =>
    scope === "source.onward" ? vsctm.parseRawGrammar(readFileSync(textmate, "utf8"), textmate) : null,
});
const grammar = await registry.loadGrammar("source.onward");

/** The class of each UTF-16 unit. Code in a text is code: what stands outside of it does not count. */
export async function textmateClasses(text) {
  const out = [];
  let stack = vsctm.INITIAL;
  for (const line of text.split("\n")) {
    const { tokens, ruleStack } = grammar.tokenizeLine(line, stack);
    stack = ruleStack;
    const classes = new Array(line.length + 1).fill("none");
    for (const { startIndex, endIndex, scopes } of tokens) {
      const inner = scopes.slice(scopes.lastIndexOf("meta.embedded.onward") + 1);
      const found = inner.map((it) => classOf("scope", it)).filter(Boolean);
      classes.fill(found.at(-1) ?? "none", startIndex, Math.min(endIndex, line.length));
    }
    out.push(...classes);
  }
  return out.slice(0, text.length);
}
