// The test explorer: what the texts declare, run by `onward test`.

import * as vscode from "vscode";
import { cannotStart } from "./binary";
import { type Outcome, outcomes, testsIn } from "./report";
import { run } from "./run";
import { onward } from "./settings";

const FILES = "**/*.onward";

export function registerTests(context: vscode.ExtensionContext): void {
  const controller = vscode.tests.createTestController("onward", "Onward");
  const profile = controller.createRunProfile(
    "Run", vscode.TestRunProfileKind.Run, (request, token) => runTests(controller, request, token), true,
  );
  const watcher = vscode.workspace.createFileSystemWatcher(FILES);
  controller.refreshHandler = () => findAll(controller);
  controller.resolveHandler = (item) => (item ? undefined : findAll(controller));
  context.subscriptions.push(
    controller, profile, watcher,
    watcher.onDidCreate((uri) => find(controller, uri)),
    watcher.onDidChange((uri) => find(controller, uri)),
    watcher.onDidDelete((uri) => controller.items.delete(uri.toString())),
    vscode.workspace.onDidChangeTextDocument(({ document }) => {
      if (document.languageId === "onward") put(controller, document.uri, document.getText());
    }),
    vscode.commands.registerCommand("onward.runTests", () =>
      runTests(controller, new vscode.TestRunRequest(undefined, undefined, profile), new vscode.CancellationTokenSource().token),
    ),
  );
  void findAll(controller);
}

async function findAll(controller: vscode.TestController): Promise<void> {
  const files = await vscode.workspace.findFiles(FILES);
  await Promise.all(files.map((uri) => find(controller, uri)));
}

async function find(controller: vscode.TestController, uri: vscode.Uri): Promise<void> {
  try {
    put(controller, uri, new TextDecoder().decode(await vscode.workspace.fs.readFile(uri)));
  } catch {
    controller.items.delete(uri.toString());
  }
}

/** Makes the items of one file what its text says. */
function put(controller: vscode.TestController, uri: vscode.Uri, text: string): void {
  const found = testsIn(text);
  if (found.length === 0) {
    controller.items.delete(uri.toString());
    return;
  }
  let file = controller.items.get(uri.toString());
  if (!file) {
    file = controller.createTestItem(uri.toString(), vscode.workspace.asRelativePath(uri), uri);
    controller.items.add(file);
  }
  file.children.replace(
    found.map(({ name, line }) => {
      const item = controller.createTestItem(`${uri.toString()}#${name}`, name, uri);
      item.range = new vscode.Range(line, 0, line, 0);
      return item;
    }),
  );
}

async function runTests(
  controller: vscode.TestController, request: vscode.TestRunRequest, token: vscode.CancellationToken,
): Promise<void> {
  const run = controller.createTestRun(request);
  const wanted = leaves(request.include ?? [...controller.items].map(([, it]) => it)).filter(
    (it) => !request.exclude?.some((other) => it === other || it.parent === other),
  );
  for (const item of wanted) run.started(item);
  const folders = new Map<string, { uri: vscode.Uri; items: vscode.TestItem[] }>();
  for (const item of wanted) {
    const uri = item.uri && vscode.workspace.getWorkspaceFolder(item.uri)?.uri;
    if (!uri) {
      run.skipped(item);
      continue;
    }
    const of = folders.get(uri.toString()) ?? { uri, items: [] };
    of.items.push(item);
    folders.set(uri.toString(), of);
  }
  for (const { uri, items } of folders.values()) await runFolder(run, uri, items, token);
  run.end();
}

/** All tests of one project run at once: they take microseconds, and starting takes longer. */
async function runFolder(
  testRun: vscode.TestRun, folder: vscode.Uri, items: vscode.TestItem[], token: vscode.CancellationToken,
): Promise<void> {
  const command = onward(folder);
  let results: Outcome[];
  try {
    const { output, errors } = await run(command, ["test", folder.fsPath, "--json"], folder.fsPath, (stop) =>
      token.onCancellationRequested(stop),
    );
    testRun.appendOutput(errors.replace(/\r?\n/g, "\r\n"));
    results = outcomes(output || errors, folder.fsPath);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const said = new vscode.TestMessage(code === undefined ? message : cannotStart(command, code));
    for (const item of items) testRun.errored(item, said);
    return;
  }
  const known = new Map(results.map((it) => [`${vscode.Uri.file(it.file).toString()}#${it.name}`, it]));
  for (const item of items) tell(testRun, item, known.get(item.id));
}

function tell(run: vscode.TestRun, item: vscode.TestItem, outcome: Outcome | undefined): void {
  if (!outcome) return run.skipped(item);
  if (outcome.passed) return run.passed(item);
  const messages = outcome.failures.map(({ message, line }) => {
    const said = new vscode.TestMessage(message);
    if (item.uri) said.location = new vscode.Location(item.uri, new vscode.Position((line ?? outcome.line) - 1, 0));
    return said;
  });
  run.failed(item, messages.length > 0 ? messages : [new vscode.TestMessage("failed")]);
}

function leaves(items: readonly vscode.TestItem[]): vscode.TestItem[] {
  return items.flatMap((it) => (it.children.size === 0 ? [it] : leaves([...it.children].map(([, child]) => child))));
}
