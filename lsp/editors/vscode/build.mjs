// Bundles the extension into dist/, with `--tests` the tests of its pure parts into dist/test/.

import { build } from "esbuild";
import { copyFileSync, readdirSync } from "node:fs";

const common = { bundle: true, platform: "node", target: "node18", format: "cjs", logLevel: "warning" };

if (process.argv.includes("--tests")) {
  const entryPoints = readdirSync("test").filter((it) => it.endsWith(".test.ts")).map((it) => `test/${it}`);
  await build({ ...common, entryPoints, outdir: "dist/test" });
} else {
  copyFileSync("../../../grammar/onward.tmLanguage.json", "syntaxes/onward.tmLanguage.json");
  copyFileSync("../../../LICENSE", "LICENSE");
  await build({ ...common, entryPoints: ["src/extension.ts"], outfile: "dist/extension.js", external: ["vscode"], minify: true });
}
