// Running nnrun in the terminal: the tasks, and the commands that are made of them.

import * as vscode from "vscode";
import * as program from "./program";
import * as settings from "./settings";

type Verb = "check" | "run" | "test" | "summary";

/** A task as `tasks.json` writes it. */
interface Definition extends vscode.TaskDefinition {
  type: "nnrun";
  command: Verb;
  file?: string;
  arguments?: string[];
}

/** More files than this are not checked by one command: a command line has an end. */
const MOST_FILES = 200;

export function register(): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.tasks.registerTaskProvider("nnrun", { provideTasks, resolveTask }),
    ...(["run", "check", "test"] as const).map((verb) =>
      vscode.commands.registerCommand(`nnrun.${verb}`, (target?: vscode.Uri | string, train?: unknown) =>
        execute(verb, target, train),
      ),
    ),
  );
}

/**
 * Runs a command on a file: the one that a lens or menu names, or the open one. A lens of a file with several trains
 * also names the model whose train is meant; what menus add (the group of the editor) is no name.
 */
async function execute(verb: Verb, target: vscode.Uri | string | undefined, train: unknown): Promise<void> {
  const named = typeof target === "string" ? vscode.Uri.parse(target) : target;
  const uri = named instanceof vscode.Uri ? named : vscode.window.activeTextEditor?.document.uri;
  if (uri === undefined) {
    void vscode.window.showInformationMessage("Open a .nn file first.");
    return;
  }
  if (uri.scheme !== "file") {
    void vscode.window.showInformationMessage("Save the file first: nnrun reads it from the disk.");
    return;
  }
  const document = vscode.workspace.textDocuments.find((open) => open.uri.toString() === uri.toString());
  if (document?.isDirty === true && !(await document.save())) return;
  const found = await program.findOrTell(uri);
  if (found === undefined) return;
  const folder = vscode.workspace.getWorkspaceFolder(uri);
  const file = folder === undefined ? uri.fsPath : vscode.workspace.asRelativePath(uri, false);
  const definition: Definition = { type: "nnrun", command: verb, file };
  if (verb === "run" && typeof train === "string") definition.arguments = ["--train", train];
  await vscode.tasks.executeTask(makeTask(found, definition, [file], folder));
}

async function provideTasks(): Promise<vscode.Task[]> {
  const found = await program.find();
  if (found === undefined) return [];
  const tasks: vscode.Task[] = [];
  for (const folder of vscode.workspace.workspaceFolders ?? []) {
    const files = await programsOf(folder);
    if (files.length > 0) tasks.push(makeTask(found, { type: "nnrun", command: "check" }, files, folder));
  }
  const open = vscode.window.activeTextEditor?.document;
  if (open?.languageId === "nn" && open.uri.scheme === "file") {
    const folder = vscode.workspace.getWorkspaceFolder(open.uri);
    const file = vscode.workspace.asRelativePath(open.uri, false);
    for (const command of ["check", "run", "test", "summary"] as const) {
      tasks.push(makeTask(found, { type: "nnrun", command, file }, [file], folder));
    }
  }
  return tasks;
}

/** Fills in a task that stands in `tasks.json`. */
async function resolveTask(task: vscode.Task): Promise<vscode.Task | undefined> {
  const definition = task.definition as Definition;
  const folder = typeof task.scope === "object" ? task.scope : vscode.workspace.workspaceFolders?.[0];
  const found = await program.find(folder?.uri);
  if (found === undefined) return undefined;
  let files = definition.file === undefined ? [] : [definition.file];
  if (files.length === 0 && definition.command === "check" && folder !== undefined) files = await programsOf(folder);
  // The editor replaces the variable when the task starts.
  if (files.length === 0) files = ["${file}"];
  const filled = makeTask(found, definition, files, folder);
  filled.name = task.name;
  return filled;
}

async function programsOf(folder: vscode.WorkspaceFolder): Promise<string[]> {
  const everything = new vscode.RelativePattern(folder, "**/*.nn");
  const generated = new vscode.RelativePattern(folder, "**/{node_modules,target,runs}/**");
  const uris = await vscode.workspace.findFiles(everything, generated, MOST_FILES);
  return uris.map((uri) => vscode.workspace.asRelativePath(uri, false)).sort();
}

function makeTask(
  found: string,
  definition: Definition,
  files: string[],
  folder: vscode.WorkspaceFolder | undefined,
): vscode.Task {
  const { command } = definition;
  const words: string[] = [command];
  // What the problem matcher reads.
  if (command === "check") words.push("--format", "short");
  if (command === "run") words.push(...settings.runArguments(folder?.uri));
  words.push(...(definition.arguments ?? []), ...files);
  const name = definition.file === undefined ? `${command} every .nn file` : `${command} ${definition.file}`;
  const task = new vscode.Task(
    definition,
    folder ?? vscode.TaskScope.Workspace,
    name,
    "nnrun",
    // A process, not a shell: no path needs quoting.
    new vscode.ProcessExecution(found, words, folder === undefined ? {} : { cwd: folder.uri.fsPath }),
    command === "check" ? ["$nnrun"] : [],
  );
  task.group = command === "check" ? vscode.TaskGroup.Build : command === "test" ? vscode.TaskGroup.Test : undefined;
  task.presentationOptions = { clear: true, showReuseMessage: false };
  return task;
}
