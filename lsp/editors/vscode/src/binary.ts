// Which program `onward` is started. It must not know VS Code.

import * as path from "node:path";

/** The program to start: what the setting says, read from `folder` if relative, else the one on the PATH. */
export function program(setting: string, folder: string | undefined): string {
  const wanted = setting.trim();
  if (wanted === "") return "onward";
  // A bare name is looked up on the PATH, as a shell does.
  if (path.isAbsolute(wanted) || !/[\\/]/.test(wanted) || folder === undefined) return wanted;
  return path.join(folder, wanted);
}

/** What to tell a person when the program did not start. */
export function cannotStart(command: string, code: string | undefined): string {
  if (code === "ENOENT") {
    return command === "onward"
      ? "The program `onward` is not on your PATH: install it, or set `onward.path`."
      : `There is no program ${command}: see the setting \`onward.path\`.`;
  }
  return `${command} did not start${code === undefined ? "" : ` (${code})`}.`;
}
