// The extension's settings, as the rest of it reads them.

import * as vscode from "vscode";

/** The settings as the server names them. It can tell the lenses apart, which one switch here does not. */
export interface ServerSettings {
  inlayHints: { shapes: boolean; parameters: boolean };
  codeLens: { run: boolean; size: boolean };
}

function section(scope?: vscode.Uri): vscode.WorkspaceConfiguration {
  return vscode.workspace.getConfiguration("nnrun", scope ?? null);
}

export function path(scope?: vscode.Uri): string {
  return section(scope).get("path", "nnrun");
}

export function runArguments(scope?: vscode.Uri): string[] {
  return section(scope).get<string[]>("run.arguments", []);
}

export function forServer(): ServerSettings {
  const settings = section();
  const lenses = settings.get("codeLens", true);
  return {
    inlayHints: {
      shapes: settings.get("inlayHints.shapes", true),
      parameters: settings.get("inlayHints.parameters", true),
    },
    codeLens: { run: lenses, size: lenses },
  };
}

export async function setPath(value: string): Promise<void> {
  await section().update("path", value, vscode.ConfigurationTarget.Global);
}
