// Shows the graph of a file beside it, and draws it anew when the file is saved.

import { randomBytes } from "node:crypto";
import * as path from "node:path";
import * as vscode from "vscode";
import { cannotStart } from "./binary";
import { apology, firstSvg, page } from "./page";
import { run } from "./run";
import { onward } from "./settings";

const panels = new Map<string, vscode.WebviewPanel>();

export function registerGraph(context: vscode.ExtensionContext): void {
  context.subscriptions.push(
    vscode.commands.registerCommand("onward.showGraph", (uri?: vscode.Uri) =>
      show(uri ?? vscode.window.activeTextEditor?.document.uri),
    ),
    vscode.workspace.onDidSaveTextDocument((document) => {
      const panel = panels.get(document.uri.toString());
      if (panel) void draw(panel, document.uri);
    }),
  );
}

async function show(uri: vscode.Uri | undefined): Promise<void> {
  if (uri?.scheme !== "file") {
    void vscode.window.showInformationMessage("Save the file to see its graph.");
    return;
  }
  const key = uri.toString();
  let panel = panels.get(key);
  if (panel) {
    panel.reveal(undefined, true);
  } else {
    const title = `Graph of ${path.basename(uri.fsPath)}`;
    const column = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
    panel = vscode.window.createWebviewPanel("onward.graph", title, column, { enableScripts: true, localResourceRoots: [] });
    panel.onDidDispose(() => panels.delete(key));
    panels.set(key, panel);
  }
  await draw(panel, uri);
}

async function draw(panel: vscode.WebviewPanel, uri: vscode.Uri): Promise<void> {
  panel.webview.html = await content(panel, uri);
}

async function content(panel: vscode.WebviewPanel, uri: vscode.Uri): Promise<string> {
  const command = onward(uri);
  try {
    const { output, errors } = await run(command, ["graph", "--format", "svg", uri.fsPath], path.dirname(uri.fsPath));
    const svg = firstSvg(output);
    return svg ? page(svg, panel.webview.cspSource, randomBytes(16).toString("hex")) : apology(errors || output);
  } catch (error) {
    return apology(cannotStart(command, (error as NodeJS.ErrnoException).code));
  }
}
