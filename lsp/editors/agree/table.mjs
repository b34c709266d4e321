// The table of `highlighting.md`: which scope, capture and semantic token belong to one class.

import { readFileSync } from "node:fs";
import path from "node:path";
import { here } from "./paths.mjs";

const text = readFileSync(path.join(here, "../highlighting.md"), "utf8");

/** `{ name, scope, capture, token }`, as the rows have it; `token` may be `none`. */
export const classes = text
  .split("\n")
  .filter((line) => /^\| (`|none)/.test(line))
  .map((line) => line.split(/(?<!\\)\|/).slice(1, 5).map((cell) => cell.trim().replaceAll("`", "")))
  .map(([name, scope, capture, token]) => ({ name, scope: `${scope}.onward`, capture: capture.slice(1), token }));

export const byName = new Map(classes.map((it) => [it.name, it]));

/** The class of a full scope or capture: the longest row that it begins with. */
export function classOf(column, value) {
  const bare = value.replace(/\.onward$/, "");
  const fits = classes.filter((it) => {
    const wanted = it[column].replace(/\.onward$/, "");
    return bare === wanted || bare.startsWith(`${wanted}.`);
  });
  fits.sort((a, b) => b[column].length - a[column].length);
  return fits[0]?.name;
}

/** What the server may say where a grammar says something vaguer. */
export const refined = { variable: ["class", "event", "type", "parameter", "enumMember"] };
