import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Conditions } from "../../support/conditions.ts";
import type { ClientPlan, Stored } from "./client.ts";
import type { ClientsNews, ClientsOrder } from "./clients-process.ts";
import { shortTokenMs } from "./plans.ts";

const program = fileURLToPath(new URL("clients-process.ts", import.meta.url));

export interface ClientsOptions {
  readonly plans: readonly ClientPlan[];
  /** Makes a token that is good for so long. */
  readonly createToken: (tokenMs: number) => Promise<string>;
  /** Told of each event of any client. */
  readonly conditions: Conditions;
}

export interface ClientsReport {
  readonly readings: number;
  readonly faults: readonly string[];
}

/** Clients in a process of their own: a machine that sleeps, whose clock is set, whose program hangs. */
export class Clients {
  /** Events of kind `lost` by their code, and how many times somebody connected. */
  readonly losses = new Map<string, number>();
  connections = 0;
  tokens = 0;
  /** When each client was given its first token, milliseconds of a clock that is never set. */
  readonly #firstTokenMs = new Map<string, number>();
  /** Clients whose first token ends soon, and that have not been given one since then. */
  readonly #withFirstToken: Set<string>;
  readonly #createToken: ClientsOptions["createToken"];
  readonly #child: ChildProcess;
  readonly #report = Promise.withResolvers<ClientsReport>();
  #isOver = false;

  constructor({ plans, createToken, conditions }: ClientsOptions) {
    this.#createToken = createToken;
    const short = plans.filter(({ tokenMs }) => tokenMs === shortTokenMs);
    this.#withFirstToken = new Set(short.map(({ name }) => name));
    this.#child = fork(program, { execArgv: [] });
    this.#child.on("message", (news: ClientsNews) => {
      this.#hear(news);
      conditions.changed();
    });
    this.#child.once("exit", (code, signal) => {
      if (this.#isOver) return;
      const error = new Error(`clients ended with ${code ?? signal}`);
      conditions.fail(error);
      this.#report.reject(error);
    });
    // Nobody may be waiting for it when the clients end.
    this.#report.promise.catch(() => undefined);
    this.#tell({ kind: "open", plans });
  }

  /** Clients with short tokens go on with a token that was given when their first one had ended. */
  get haveOutlivedTokens(): boolean {
    return this.#withFirstToken.size === 0;
  }

  /** As a laptop whose lid is closed: nothing runs, and what comes stays in the kernel's buffers. */
  sleep(): void {
    this.#child.kill("SIGSTOP");
  }

  wake(): void {
    this.#child.kill("SIGCONT");
  }

  jump(byMs: number): void {
    this.#tell({ kind: "jump", byMs });
  }

  block(forMs: number): void {
    this.#tell({ kind: "block", forMs });
  }

  /** What is wrong once everything that was stored should have come; the clients are closed. */
  report(stored: Stored): Promise<ClientsReport> {
    this.#tell({ kind: "report", stored: [...stored] });
    return this.#report.promise;
  }

  async close(): Promise<void> {
    this.#isOver = true;
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill("SIGKILL");
    await once(this.#child, "exit");
  }

  #hear(news: ClientsNews): void {
    switch (news.kind) {
      case "ask":
        void this.#answer(news);
        break;
      case "connected":
        this.connections++;
        break;
      case "lost":
        this.losses.set(news.code, (this.losses.get(news.code) ?? 0) + 1);
        break;
      case "report":
        this.#report.resolve(news);
        break;
    }
  }

  async #answer(ask: Extract<ClientsNews, { kind: "ask" }>): Promise<void> {
    const { client, tokenMs } = ask;
    this.tokens++;
    const nowMs = performance.now();
    const firstMs = this.#firstTokenMs.get(client) ?? nowMs;
    this.#firstTokenMs.set(client, firstMs);
    if (nowMs - firstMs > tokenMs) this.#withFirstToken.delete(client);
    this.#tell({ kind: "token", ask: ask.ask, token: await this.#createToken(tokenMs) });
  }

  #tell(order: ClientsOrder): void {
    if (this.#child.connected) this.#child.send(order);
  }
}
