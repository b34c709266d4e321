// The extension: the language server, the test explorer, the graph.

import * as vscode from "vscode";
import { Server } from "./client";
import { registerGraph } from "./graph";
import { registerTests } from "./tests";

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const output = vscode.window.createOutputChannel("Onward");
  const server = new Server(output);
  context.subscriptions.push(
    output, server,
    vscode.commands.registerCommand("onward.restartServer", () => server.restart()),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("onward.path")) void server.restart();
    }),
  );
  registerTests(context);
  registerGraph(context);
  await server.start();
}
