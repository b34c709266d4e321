// Gives each editor the queries of grammar/tree-sitter-onward/queries under the names it knows:
// `node lsp/editors/queries.mjs` (with `--check`: are they up to date?).

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const from = path.join(here, "../../grammar/tree-sitter-onward/queries");

const editors = [
  {
    folder: "neovim/queries/onward",
    files: ["highlights", "injections", "folds", "indents", "locals", "textobjects"],
    names: { "type.event": "type", namespace: "module", "number.duration": "number", "number.date": "number", punctuation: "punctuation.delimiter" },
  },
  {
    folder: "helix/queries/onward",
    files: ["highlights", "injections", "indents", "locals", "textobjects", "tags"],
    names: {
      comment: "comment.line", "comment.documentation": "comment.line.documentation", "type.event": "type",
      property: "variable.other.member", "string.escape": "constant.character.escape", number: "constant.numeric",
      "number.duration": "constant.numeric", "number.date": "constant.numeric",
      "indent.begin": "indent", "indent.branch": "outdent", "indent.end": "", "indent.auto": null,
      "function.outer": "function.around", "function.inner": "function.inside", "class.outer": "class.around",
      "class.inner": "class.inside", "test.outer": "test.around", "test.inner": "test.inside",
      "parameter.outer": "parameter.around", "parameter.inner": "parameter.inside", "comment.outer": "comment.around",
      "conditional.outer": "entry.around", "block.outer": "entry.inside",
      "local.definition.parameter": "local.definition.variable.parameter", "local.definition.var": "local.definition.variable",
    },
  },
  {
    folder: "zed/languages/onward",
    files: ["highlights", "injections", "indents", "outline", "brackets", "textobjects"],
    names: {
      "comment.documentation": "comment.doc", "constant.builtin": "constant", "type.event": "type",
      "number.duration": "number", "number.date": "number",
      "indent.begin": "indent", "indent.branch": "end", "indent.end": "", "indent.auto": null,
      "function.outer": "function.around", "function.inner": "function.inside", "class.outer": "class.around",
      "class.inner": "class.inside", "comment.outer": "comment.around", "test.outer": null, "test.inner": null,
      "conditional.outer": null, "block.outer": null, "parameter.outer": null, "parameter.inner": null,
    },
  },
];

/** The patterns of a query: texts between empty lines or whole top-level forms. */
function patterns(text) {
  const found = [];
  let depth = 0;
  let now = [];
  for (const line of text.split("\n")) {
    const bare = line.replace(/"(\\.|[^"\\])*"/g, "").replace(/;.*/, "");
    depth += (bare.match(/[([]/g) ?? []).length - (bare.match(/[)\]]/g) ?? []).length;
    now.push(line);
    if (depth === 0) {
      found.push(now.join("\n"));
      now = [];
    }
  }
  return found;
}

/** The query under other names: an empty name takes the capture out, `null` the whole pattern. */
function rename(text, names) {
  const kept = patterns(text).filter((it) => ![...it.matchAll(/@([a-z._]+)/g)].some(([, name]) => names[name] === null));
  return kept
    .join("\n")
    .replace(/ ?@([a-z][a-z._]*)/g, (whole, name) => (name in names ? (names[name] ? ` @${names[name]}` : "") : whole))
    .replace(/\n{3,}/g, "\n\n");
}

let stale = false;
for (const { folder, files, names } of editors) {
  mkdirSync(path.join(here, folder), { recursive: true });
  for (const name of files) {
    const file = path.join(here, folder, `${name}.scm`);
    const text = `; Made by lsp/editors/queries.mjs from grammar/tree-sitter-onward/queries/${name}.scm.\n\n` +
      rename(readFileSync(path.join(from, `${name}.scm`), "utf8"), names).trim() + "\n";
    if (!process.argv.includes("--check")) {
      writeFileSync(file, text);
    } else if (readFileSync(file, "utf8") !== text) {
      console.error(`${path.relative(here, file)} is out of date: run node lsp/editors/queries.mjs`);
      stale = true;
    }
  }
}
process.exit(stale ? 1 : 0);
