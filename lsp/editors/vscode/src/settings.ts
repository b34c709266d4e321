// The settings, read anew each time.

import * as vscode from "vscode";
import { program } from "./binary";

/** The program `onward` for a file, or for the first folder. */
export function onward(uri?: vscode.Uri): string {
  const folder = (uri && vscode.workspace.getWorkspaceFolder(uri)) ?? vscode.workspace.workspaceFolders?.[0];
  return program(vscode.workspace.getConfiguration("onward", uri).get("path", ""), folder?.uri.fsPath);
}
