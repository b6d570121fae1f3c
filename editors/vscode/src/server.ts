// The language server's life: start, stop, restart, and what it is told of the settings.

import * as vscode from "vscode";
import { LanguageClient, type LanguageClientOptions, State } from "vscode-languageclient/node";
import { linkToExplanation } from "./explain";
import * as program from "./program";
import * as settings from "./settings";

/** What the server is doing, for the status bar. */
export type Condition =
  | { state: "stopped" }
  | { state: "missing" }
  | { state: "starting"; program: string }
  | { state: "running"; program: string; version: string | undefined }
  | { state: "failed"; program: string; reason: string };

export class Server implements vscode.Disposable {
  private client: LanguageClient | undefined;
  private current: Condition = { state: "stopped" };
  private readonly changed = new vscode.EventEmitter<Condition>();
  private readonly output = vscode.window.createOutputChannel("nnrun", { log: true });
  private readonly trace = vscode.window.createOutputChannel("nnrun Trace", { log: true });
  // Starts and stops wait for each other, so that two quick restarts never leave two servers.
  private queue: Promise<void> = Promise.resolve();

  readonly onDidChange = this.changed.event;

  get condition(): Condition {
    return this.current;
  }

  start(): Promise<void> {
    return this.enqueue(() => this.launch());
  }

  restart(): Promise<void> {
    return this.enqueue(async () => {
      await this.halt();
      await this.launch();
    });
  }

  stop(): Promise<void> {
    return this.enqueue(() => this.halt());
  }

  /** Asks the server, or gives nothing where it does not run or does not know the question. */
  async request<Answer>(method: string, question: unknown): Promise<Answer | undefined> {
    if (this.client?.state !== State.Running) return undefined;
    return this.client.sendRequest<Answer>(method, question);
  }

  /** Tells the server that the settings have changed. */
  async tellSettings(): Promise<void> {
    if (this.client?.state !== State.Running) return;
    await this.client.sendNotification("workspace/didChangeConfiguration", {
      settings: { nnrun: settings.forServer() },
    });
  }

  showOutput(): void {
    this.output.show(true);
  }

  dispose(): void {
    void this.stop();
    this.changed.dispose();
    this.output.dispose();
    this.trace.dispose();
  }

  private enqueue(work: () => Promise<void>): Promise<void> {
    this.queue = this.queue.then(work, work);
    return this.queue;
  }

  private become(condition: Condition): void {
    this.current = condition;
    this.changed.fire(condition);
  }

  private async launch(): Promise<void> {
    if (this.client !== undefined) return;
    const found = await program.find();
    if (found === undefined) {
      this.become({ state: "missing" });
      void program.tellMissing();
      return;
    }
    this.become({ state: "starting", program: found });
    const client = new LanguageClient("nnrun", "nnrun", { command: found, args: ["lsp"] }, this.options());
    this.client = client;
    client.onDidChangeState(({ newState }) => {
      // A server that died is started again by the client, up to a limit; the status bar follows.
      if (this.client !== client) return;
      if (newState === State.Running) {
        this.become({ state: "running", program: found, version: client.initializeResult?.serverInfo?.version });
      } else if (newState === State.Starting) {
        this.become({ state: "starting", program: found });
      } else if (this.current.state === "running") {
        this.become({ state: "failed", program: found, reason: "it has stopped" });
      }
    });
    try {
      await client.start();
    } catch (error) {
      this.client = undefined;
      const reason = error instanceof Error ? error.message : String(error);
      this.become({ state: "failed", program: found, reason });
      void this.tellFailure(found, reason);
    }
  }

  private async halt(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    if (client !== undefined) {
      try {
        await client.dispose(3000);
      } catch {
        // It may have died before; either way it is gone.
      }
    }
    this.become({ state: "stopped" });
  }

  private options(): LanguageClientOptions {
    const explained = (diagnostics: vscode.Diagnostic[]): vscode.Diagnostic[] => {
      diagnostics.forEach(linkToExplanation);
      return diagnostics;
    };
    return {
      documentSelector: [
        { language: "nn", scheme: "file" },
        { language: "nn", scheme: "untitled" },
      ],
      initializationOptions: settings.forServer(),
      outputChannel: this.output,
      traceOutputChannel: this.trace,
      middleware: {
        // The server asks for a section; it gets it in its own words.
        workspace: { configuration: ({ items }) => items.map(() => settings.forServer()) },
        handleDiagnostics: (uri, diagnostics, next) => next(uri, explained(diagnostics)),
        provideDiagnostics: async (document, previous, token, next) => {
          const report = await next(document, previous, token);
          if (report !== null && report !== undefined && "items" in report) explained(report.items);
          return report;
        },
      },
    };
  }

  private async tellFailure(found: string, reason: string): Promise<void> {
    const setPath = "Set Path…";
    const output = "Show Output";
    const answer = await vscode.window.showErrorMessage(
      `The language server of ${found} did not start: ${reason}`,
      setPath,
      output,
    );
    if (answer === setPath) await program.choosePath();
    if (answer === output) this.showOutput();
  }
}
