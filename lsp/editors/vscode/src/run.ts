// Runs `onward` and gives back what it prints. It must not know VS Code.

import { spawn } from "node:child_process";

export interface Run {
  /** None if it was stopped. */
  code: number | null;
  output: string;
  errors: string;
}

/** Runs a command in a folder until it ends or `stopped` calls back; rejects if it cannot start. */
export function run(command: string, args: string[], folder: string, stopped?: (stop: () => void) => void): Promise<Run> {
  return new Promise((done, fail) => {
    const child = spawn(command, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    const output: Buffer[] = [];
    const errors: Buffer[] = [];
    child.stdout.on("data", (it: Buffer) => output.push(it));
    child.stderr.on("data", (it: Buffer) => errors.push(it));
    child.on("error", fail);
    child.on("close", (code) =>
      done({ code, output: Buffer.concat(output).toString(), errors: Buffer.concat(errors).toString() }),
    );
    stopped?.(() => child.kill());
  });
}
