// What `onward test --json` prints, and where tests stand in a text. The one place that knows either;
// it must not know VS Code.

import * as path from "node:path";

export interface Failure {
  message: string;
  /** Counted from one; none if the failure has no place. */
  line: number | undefined;
}

export interface Outcome {
  name: string;
  /** Absolute. */
  file: string;
  /** Counted from one. */
  line: number;
  passed: boolean;
  failures: Failure[];
}

/** A test as it stands in a text. */
export interface Found {
  name: string;
  /** Counted from zero. */
  line: number;
}

/** The outcomes in the output of `onward test --json`, run in `folder`; an error says what is wrong with it. */
export function outcomes(output: string, folder: string): Outcome[] {
  const start = output.indexOf("{");
  if (start < 0) throw new Error(output.trim() || "`onward test --json` printed nothing");
  const report: unknown = JSON.parse(output.slice(start));
  const tests = field(report, "tests");
  if (!Array.isArray(tests)) throw new Error("`onward test --json` did not print a list of tests");
  return tests.map((test) => ({
    name: text(field(test, "name")),
    file: path.resolve(folder, text(field(test, "file"))),
    line: number(field(test, "line")) ?? 1,
    passed: field(test, "passed") === true,
    failures: array(field(test, "failures")).map((it) => ({
      message: text(field(it, "message")),
      line: number(field(it, "line")),
    })),
  }));
}

/** The tests that a text declares, in order. */
export function testsIn(source: string): Found[] {
  const found: Found[] = [];
  let block = false;
  source.split("\n").forEach((line, at) => {
    // A text of several lines may show a test without being one.
    if (!block) {
      const name = /^\s*test\s+"((?:\\.|[^"\\])*)"\s*(?:\{|#|$)/.exec(line)?.[1];
      if (name !== undefined) found.push({ name: name.replace(/\\(.)/g, "$1"), line: at });
    }
    if ((line.match(/"""/g)?.length ?? 0) % 2 === 1) block = !block;
  });
  return found;
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function number(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

function array(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
