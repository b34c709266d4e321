// Where things are.

import { fileURLToPath } from "node:url";
import path from "node:path";

export const here = path.dirname(fileURLToPath(import.meta.url));
export const root = path.resolve(here, "../../..");
export const grammar = path.join(root, "grammar/tree-sitter-onward");
export const textmate = path.join(root, "grammar/onward.tmLanguage.json");
