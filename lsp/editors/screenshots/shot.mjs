// Pictures of rules as VS Code colours them, dark and light: `node shot.mjs FILE...` writes out/NAME.THEME.png.
// Needs Chromium (or set CHROMIUM).

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { createHighlighter } from "shiki";

const here = path.dirname(fileURLToPath(import.meta.url));
const grammar = JSON.parse(readFileSync(path.join(here, "../../../grammar/onward.tmLanguage.json"), "utf8"));
const themes = { dark: "dark-plus", light: "light-plus" };
const highlighter = await createHighlighter({ langs: [{ ...grammar, name: "onward" }], themes: Object.values(themes) });

const out = path.join(here, "out");
const work = mkdtempSync(path.join(os.tmpdir(), "onward-shot-"));
mkdirSync(out, { recursive: true });
try {
  for (const file of process.argv.slice(2)) {
    const text = readFileSync(file, "utf8").trimEnd();
    const lines = text.split("\n");
    const width = Math.min(1600, 80 + 8.5 * Math.max(...lines.map((it) => it.length)));
    for (const [name, theme] of Object.entries(themes)) {
      const code = highlighter.codeToHtml(text, { lang: "onward", theme });
      const page = path.join(work, "page.html");
      const { bg } = highlighter.getTheme(theme);
      writeFileSync(page, `<!DOCTYPE html><meta charset="utf-8"><style>
        html, body { margin: 0; background: ${bg}; }
        pre { margin: 0; padding: 20px; font: 14px/20px "DejaVu Sans Mono", monospace; }
      </style>${code}`);
      const picture = path.join(out, `${path.basename(file, ".onward")}.${name}.png`);
      execFileSync(
        process.env.CHROMIUM ?? "chromium",
        [
          "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", `--screenshot=${picture}`,
          `--window-size=${Math.ceil(width)},${40 + 20 * lines.length}`, pathToFileURL(page).href,
        ],
        { stdio: "ignore", timeout: 60_000 },
      );
      console.log(picture);
    }
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
