// Starts and stops the language server.

import * as vscode from "vscode";
import { LanguageClient, type LanguageClientOptions, type ServerOptions } from "vscode-languageclient/node";
import { cannotStart } from "./binary";
import { onward } from "./settings";

export class Server implements vscode.Disposable {
  private client: LanguageClient | undefined;

  constructor(private readonly output: vscode.OutputChannel) {}

  async start(): Promise<void> {
    const command = onward();
    const server: ServerOptions = { command, args: ["lsp"] };
    const options: LanguageClientOptions = {
      // Templates and settings are part of the program, too.
      documentSelector: [
        { scheme: "file", language: "onward" },
        { scheme: "untitled", language: "onward" },
        { scheme: "file", pattern: "**/onward.toml" },
        { scheme: "file", pattern: "**/templates/**/*.{md,html,mjml}" },
      ],
      synchronize: {
        configurationSection: "onward",
        fileEvents: vscode.workspace.createFileSystemWatcher("**/{*.onward,onward.toml,templates/**/*.{md,html,mjml}}"),
      },
      outputChannel: this.output,
    };
    this.client = new LanguageClient("onward", "Onward", server, options);
    try {
      await this.client.start();
    } catch (error) {
      this.client = undefined;
      const code = (error as NodeJS.ErrnoException).code;
      this.output.appendLine(String(error));
      void vscode.window.showErrorMessage(cannotStart(command, code));
    }
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  async stop(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    await client?.dispose();
  }

  dispose(): void {
    void this.stop();
  }
}
