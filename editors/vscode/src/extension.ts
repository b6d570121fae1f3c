// Starts the parts of the extension, and stops them.

import * as vscode from "vscode";
import * as explain from "./explain";
import { GraphPreview } from "./graph/preview";
import { Server } from "./server";
import * as status from "./status";
import * as tasks from "./tasks";

let server: Server | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const running = new Server();
  server = running;
  context.subscriptions.push(
    running,
    status.register(running),
    tasks.register(),
    explain.register(),
    new GraphPreview(context.extensionUri, running),
    vscode.commands.registerCommand("nnrun.restartServer", () => running.restart()),
    vscode.commands.registerCommand("nnrun.showOutput", () => running.showOutput()),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("nnrun.path")) void running.restart();
      else if (event.affectsConfiguration("nnrun")) void running.tellSettings();
    }),
    // A folder that is trusted from now on may say itself which nnrun is used.
    vscode.workspace.onDidGrantWorkspaceTrust(() => running.restart()),
  );
  await running.start();
}

export function deactivate(): Promise<void> | undefined {
  return server?.stop();
}
