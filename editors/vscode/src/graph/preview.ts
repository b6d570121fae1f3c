// The network as a picture beside the program, following the cursor.

import * as path from "node:path";
import * as vscode from "vscode";
import * as program from "../program";
import type { Server } from "../server";
import type { FromPage, ToPage } from "./messages";
import { html, makeNonce } from "./page";

/** What the server answers: the drawing of one model, and where the node at the position that was asked about begins. */
interface Graph {
  svg: string;
  model?: string | null;
  current?: number | null;
}

const AFTER_TYPING = 250;
const AFTER_MOVING = 60;

export class GraphPreview implements vscode.Disposable {
  private panel: vscode.WebviewPanel | undefined;
  /** The program that is drawn. */
  private document: vscode.TextDocument | undefined;
  /** The place whose model is drawn, and whose node is marked. */
  private position = new vscode.Position(0, 0);
  /** The last drawing of a program without errors. */
  private picture: ToPage | undefined;
  /** The drawing that is shown. */
  private shown: string | undefined;
  private note: string | undefined;
  private start: number | undefined;
  private timer: NodeJS.Timeout | undefined;
  /** Counts the questions: the answer to an older one is not shown. */
  private asked = 0;
  private readonly subscriptions: vscode.Disposable[];

  constructor(
    private readonly extension: vscode.Uri,
    private readonly server: Server,
  ) {
    this.subscriptions = [
      vscode.commands.registerCommand("nnrun.showGraph", (uri?: vscode.Uri | string, model?: string) =>
        this.show(uri, model),
      ),
      vscode.workspace.onDidChangeTextDocument(({ document }) => {
        if (document === this.document) this.later(AFTER_TYPING);
      }),
      vscode.workspace.onDidSaveTextDocument((document) => {
        if (document === this.document) this.later(0);
      }),
      vscode.window.onDidChangeTextEditorSelection(({ textEditor }) => this.follow(textEditor)),
      vscode.window.onDidChangeActiveTextEditor((editor) => {
        if (editor !== undefined) this.follow(editor);
      }),
      server.onDidChange(({ state }) => {
        if (state === "running") this.later(0);
      }),
    ];
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.panel?.dispose();
    this.subscriptions.forEach((subscription) => subscription.dispose());
  }

  private async show(target: vscode.Uri | string | undefined, model: string | undefined): Promise<void> {
    const uri = typeof target === "string" ? vscode.Uri.parse(target) : target;
    const active = vscode.window.activeTextEditor;
    const document = uri instanceof vscode.Uri ? await vscode.workspace.openTextDocument(uri) : active?.document;
    if (document?.languageId !== "nn") {
      void vscode.window.showInformationMessage("Open a .nn file first.");
      return;
    }
    if (document !== this.document) this.forget(document);
    const begin = model === undefined ? undefined : beginOf(document, model);
    const here = active?.document === document ? active.selection.active : undefined;
    this.position = begin ?? here ?? this.position;
    if (this.panel === undefined) this.panel = this.open();
    else this.panel.reveal(undefined, true);
    this.later(0);
  }

  private open(): vscode.WebviewPanel {
    const files = vscode.Uri.joinPath(this.extension, "dist");
    const panel = vscode.window.createWebviewPanel(
      "nnrun.graph",
      "Network",
      { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true },
      { enableScripts: true, localResourceRoots: [files], enableFindWidget: true },
    );
    panel.iconPath = {
      light: vscode.Uri.joinPath(this.extension, "icons", "file-light.svg"),
      dark: vscode.Uri.joinPath(this.extension, "icons", "file-dark.svg"),
    };
    const { webview } = panel;
    webview.onDidReceiveMessage((message: FromPage) => this.receive(message));
    panel.onDidDispose(() => {
      this.panel = undefined;
    });
    webview.html = html(
      {
        origin: webview.cspSource,
        script: webview.asWebviewUri(vscode.Uri.joinPath(files, "graph.js")).toString(),
        style: webview.asWebviewUri(vscode.Uri.joinPath(files, "graph.css")).toString(),
      },
      makeNonce(),
    );
    return panel;
  }

  private receive(message: FromPage): void {
    if (message.kind === "jump") {
      void this.jump(message.start, message.end, message.file);
      return;
    }
    // A page that has just loaded knows nothing, even where it was shown before.
    if (this.shown !== undefined) this.tell({ kind: "picture", svg: this.shown });
    this.tell({ kind: "note", text: this.note });
    this.tellCursor();
    this.later(0);
  }

  private follow(editor: vscode.TextEditor): void {
    if (this.panel === undefined || editor.document.languageId !== "nn" || editor.document.uri.scheme === "output") return;
    if (editor.document !== this.document) this.forget(editor.document);
    this.position = editor.selection.active;
    this.later(AFTER_MOVING);
  }

  private forget(document: vscode.TextDocument): void {
    this.document = document;
    this.position = new vscode.Position(0, 0);
    this.picture = undefined;
    this.shown = undefined;
    this.note = undefined;
    this.start = undefined;
  }

  private later(milliseconds: number): void {
    if (this.panel === undefined) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.refresh(), milliseconds);
  }

  private async refresh(): Promise<void> {
    const document = this.document;
    if (document === undefined || this.panel === undefined) return;
    this.asked += 1;
    const question = this.asked;
    const version = document.version;
    const [graph, errors] = await Promise.all([this.draw(document), this.countErrors(document)]);
    if (question !== this.asked || document !== this.document || version !== document.version) return;

    // What is drawn of a wrong program lacks what could not be understood: better the last whole one.
    if (graph === undefined || (errors > 0 && this.picture !== undefined)) this.keepPicture(errors);
    else this.takePicture(document, graph, errors);
    this.tellCursor();
  }

  private async draw(document: vscode.TextDocument): Promise<Graph | undefined> {
    try {
      const answer = await this.server.request<Graph | null>("nnrun/graph", {
        textDocument: { uri: document.uri.toString() },
        position: { line: this.position.line, character: this.position.character },
      });
      if (answer === null) return undefined;
      if (answer !== undefined) return answer;
    } catch {
      // An older server does not know the question; the command line may.
    }
    if (document.uri.scheme !== "file" || document.isDirty) return undefined;
    const found = await program.find(document.uri);
    if (found === undefined) return undefined;
    const words = ["graph", document.uri.fsPath, "--format", "svg", "--color", "never"];
    const drawn = await program.ask(found, words, path.dirname(document.uri.fsPath)).catch(() => undefined);
    return drawn?.status === 0 ? { svg: drawn.output } : undefined;
  }

  /** How many errors the program has now; what the editor shows may be of a moment ago. */
  private async countErrors(document: vscode.TextDocument): Promise<number> {
    const report = await this.server
      .request<{ items?: { severity?: number }[] }>("textDocument/diagnostic", {
        textDocument: { uri: document.uri.toString() },
      })
      .catch(() => undefined);
    if (report?.items !== undefined) return report.items.filter(({ severity }) => severity === 1).length;
    return vscode.languages
      .getDiagnostics(document.uri)
      .filter(({ severity }) => severity === vscode.DiagnosticSeverity.Error).length;
  }

  private keepPicture(errors: number): void {
    const why = errors === 0 ? "There is no model here to draw" : `The file has ${count(errors)}`;
    if (this.picture === undefined) this.tell({ kind: "empty", text: `${why}.` });
    else this.setNote(`${why}. This is the network as it last was.`);
  }

  private takePicture(document: vscode.TextDocument, graph: Graph, errors: number): void {
    const title = graph.model ?? path.basename(document.uri.path);
    this.start = graph.current ?? undefined;
    this.setNote(errors === 0 ? undefined : `The file has ${count(errors)}. This is what can be drawn of it.`);
    const picture: ToPage = { kind: "picture", svg: graph.svg };
    // The cursor moves far more often than the network changes.
    if (this.shown !== graph.svg) {
      this.shown = graph.svg;
      this.tell(picture);
    }
    if (errors === 0) this.picture = picture;
    if (this.panel !== undefined) this.panel.title = `Network: ${title}`;
  }

  private setNote(note: string | undefined): void {
    if (this.note === note) return;
    this.note = note;
    this.tell({ kind: "note", text: note });
  }

  private tellCursor(): void {
    if (this.document === undefined) return;
    this.tell({
      kind: "cursor",
      offset: this.document.offsetAt(this.position),
      line: this.position.line + 1,
      start: this.note === undefined ? this.start : undefined,
    });
  }

  private async jump(start: number, end: number, file: string | undefined): Promise<void> {
    const drawn = this.document;
    if (drawn === undefined) return;
    const folder = path.dirname(drawn.uri.fsPath);
    const document = file === undefined ? drawn : await vscode.workspace.openTextDocument(path.resolve(folder, file));
    const shown = vscode.window.visibleTextEditors.find((editor) => editor.document === document);
    const beside = vscode.window.visibleTextEditors.find((editor) => editor.document === drawn);
    const editor = await vscode.window.showTextDocument(document, {
      viewColumn: (shown ?? beside)?.viewColumn ?? vscode.ViewColumn.One,
    });
    editor.selection = new vscode.Selection(document.positionAt(start), document.positionAt(end));
    editor.revealRange(editor.selection, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
  }

  private tell(message: ToPage): void {
    void this.panel?.webview.postMessage(message);
  }
}

/** Where the model of that name begins. */
function beginOf(document: vscode.TextDocument, model: string): vscode.Position | undefined {
  const found = new RegExp(`^[ \\t]*model[ \\t]+(?=${model.replace(/\W/g, "\\$&")}(?![\\p{L}\\p{N}_]))`, "mu").exec(
    document.getText(),
  );
  return found === null ? undefined : document.positionAt(found.index + found[0].length);
}

function count(errors: number): string {
  return errors === 1 ? "an error" : `${errors} errors`;
}
