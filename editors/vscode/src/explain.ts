// `nnrun explain`, as a page beside the program.

import * as vscode from "vscode";
import { toMarkdown } from "./explanation";
import * as program from "./program";

const SCHEME = "nnrun-explain";

/** What the command may be called with: a code or name, or a diagnostic that has a code. */
type Subject = string | { code?: vscode.Diagnostic["code"] } | undefined;

export function register(): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.workspace.registerTextDocumentContentProvider(SCHEME, { provideTextDocumentContent: page }),
    vscode.languages.registerCodeActionsProvider("nn", { provideCodeActions: explainActions }, {
      providedCodeActionKinds: [vscode.CodeActionKind.QuickFix],
    }),
    vscode.commands.registerCommand("nnrun.explain", explain),
  );
}

/**
 * Makes the code of a diagnostic a link to its explanation, wherever the editor shows it. It may lead to a document,
 * not to a command; an association in `package.json` has the editor open these documents as pages.
 */
export function linkToExplanation(diagnostic: vscode.Diagnostic): void {
  const code = codeOf(diagnostic.code);
  if (code === undefined) return;
  diagnostic.code = { value: code, target: pageOf(code) };
}

function codeOf(code: vscode.Diagnostic["code"]): string | undefined {
  const value = typeof code === "object" ? code.value : code;
  return value === undefined ? undefined : String(value);
}

async function explain(subject: Subject): Promise<void> {
  const name = (typeof subject === "string" ? subject : codeOf(subject?.code)) ?? (await askForName());
  if (name === undefined || name === "") return;
  await vscode.commands.executeCommand("markdown.showPreviewToSide", pageOf(name));
}

function pageOf(name: string): vscode.Uri {
  return vscode.Uri.from({ scheme: SCHEME, path: `/${name}.md` });
}

/** What the command means where it was called by hand: the diagnostic or the word at the cursor, or what is typed. */
async function askForName(): Promise<string | undefined> {
  const editor = vscode.window.activeTextEditor;
  let suggestion = "";
  if (editor !== undefined) {
    const cursor = editor.selection.active;
    const here = vscode.languages
      .getDiagnostics(editor.document.uri)
      .find((diagnostic) => diagnostic.source === "nnrun" && diagnostic.range.contains(cursor));
    const word = editor.document.getWordRangeAtPosition(cursor);
    suggestion = codeOf(here?.code) ?? (word === undefined ? "" : editor.document.getText(word));
  }
  return vscode.window.showInputBox({
    title: "nnrun explain",
    prompt: "A code (E0301), or the name of a layer, function, loss, optimizer or schedule (Conv2d)",
    value: suggestion,
  });
}

async function page(uri: vscode.Uri): Promise<string> {
  const name = uri.path.replace(/^\//, "").replace(/\.md$/, "");
  const found = await program.findOrTell();
  if (found === undefined) return "nnrun was not found.\n";
  const answer = await program.ask(found, ["explain", name, "--color", "never"]);
  return answer.status === 0 ? toMarkdown(answer.output) : answer.errors;
}

function explainActions(
  _document: vscode.TextDocument,
  _range: vscode.Range,
  context: vscode.CodeActionContext,
): vscode.CodeAction[] {
  const codes = new Set(
    context.diagnostics.filter(({ source }) => source === "nnrun").map(({ code }) => codeOf(code)),
  );
  return [...codes].flatMap((code) => {
    if (code === undefined) return [];
    const action = new vscode.CodeAction(`Explain ${code}`, vscode.CodeActionKind.QuickFix);
    action.command = { title: action.title, command: "nnrun.explain", arguments: [code] };
    action.diagnostics = context.diagnostics.filter((diagnostic) => codeOf(diagnostic.code) === code);
    return [action];
  });
}
