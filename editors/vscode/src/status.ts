// The item in the status bar: whether the language server runs, and what can be done about it.

import * as vscode from "vscode";
import * as program from "./program";
import type { Condition, Server } from "./server";

export function register(server: Server): vscode.Disposable {
  const item = vscode.window.createStatusBarItem("nnrun.status", vscode.StatusBarAlignment.Right, 100);
  item.name = "nnrun";
  item.command = "nnrun.showActions";
  const show = (condition: Condition): void => {
    item.text = text(condition);
    item.tooltip = `${tooltip(condition)}\n\nClick for what can be done.`;
    const wrong = condition.state === "missing" || condition.state === "failed";
    item.backgroundColor = wrong ? new vscode.ThemeColor("statusBarItem.errorBackground") : undefined;
  };
  // Only where there is a program to speak of.
  const showOrHide = (): void => {
    if (vscode.window.activeTextEditor?.document.languageId === "nn") item.show();
    else item.hide();
  };
  show(server.condition);
  showOrHide();
  return vscode.Disposable.from(
    item,
    server.onDidChange(show),
    vscode.window.onDidChangeActiveTextEditor(showOrHide),
    vscode.commands.registerCommand("nnrun.showActions", chooseAction),
  );
}

function text(condition: Condition): string {
  switch (condition.state) {
    case "running":
      return "$(check) nnrun";
    case "starting":
      return "$(sync~spin) nnrun";
    case "stopped":
      return "$(circle-slash) nnrun";
    case "missing":
      return "$(error) nnrun not found";
    case "failed":
      return "$(error) nnrun";
  }
}

function tooltip(condition: Condition): string {
  switch (condition.state) {
    case "running":
      return `nnrun ${condition.version ?? ""} is checking as you type\n${condition.program}`;
    case "starting":
      return `The language server starts\n${condition.program}`;
    case "stopped":
      return "The language server is stopped";
    case "missing":
      return "nnrun was not found: set nnrun.path";
    case "failed":
      return `The language server failed: ${condition.reason}\n${condition.program}`;
  }
}

async function chooseAction(): Promise<void> {
  const actions: (vscode.QuickPickItem & { act: () => unknown })[] = [
    {
      label: "$(refresh) Restart the language server",
      act: () => vscode.commands.executeCommand("nnrun.restartServer"),
    },
    { label: "$(output) Show its output", act: () => vscode.commands.executeCommand("nnrun.showOutput") },
    { label: "$(file-binary) Set the path of nnrun…", act: program.choosePath },
    {
      label: "$(settings-gear) Open the settings",
      act: () => vscode.commands.executeCommand("workbench.action.openSettings", "@ext:nnrun.nnrun"),
    },
  ];
  const chosen = await vscode.window.showQuickPick(actions, { title: "nnrun" });
  await chosen?.act();
}
