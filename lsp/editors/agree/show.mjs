// Prints a text with the class of each token, for a person: `node show.mjs (tree|textmate) FILE`.

import { readFileSync } from "node:fs";
import { textmateClasses } from "./textmate.mjs";
import { treeClasses } from "./treesitter.mjs";

const [which, file] = process.argv.slice(2);
const text = readFileSync(file, "utf8");
const classes = which === "tree" ? treeClasses([text])[0] : await textmateClasses(text);
let out = "";
for (let at = 0; at < text.length; ) {
  let end = at + 1;
  while (end < text.length && classes[end] === classes[at] && text[end] !== "\n" && text[at] !== "\n") end += 1;
  const piece = text.slice(at, end);
  out += classes[at] === "none" || !piece.trim() ? piece : `${piece}‹${classes[at]}›`;
  at = end;
}
console.log(out);
