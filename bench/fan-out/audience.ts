import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import type { Server } from "./servers.ts";

export type Transport = "sse" | "websocket";

/** One listener: where it connects, and what it says over WebSocket once it is there. */
export interface Listener {
  readonly path: string;
  readonly subscribe?: { readonly id: string; readonly site: string };
}

export interface OpenListeners {
  readonly transport: Transport;
  readonly port: number;
  readonly listeners: readonly Listener[];
}

interface Wish {
  readonly sites: number;
  readonly count: number;
  /** Each listener names its subscription in its own way. Default: all alike. */
  readonly hasOwnNames?: boolean;
}

/** Listeners of one server, in a process of their own, spread over its sites in turn. */
export class Audience {
  readonly #child: ChildProcess;
  readonly #wish: Wish;

  private constructor(child: ChildProcess, wish: Wish) {
    this.#child = child;
    this.#wish = wish;
  }

  static async open(server: Server, wish: Wish): Promise<Audience> {
    const child = fork(new URL("./listeners.ts", import.meta.url), [], { execArgv: [] });
    const audience = new Audience(child, wish);
    const listeners = Array.from({ length: wish.count }, (_, i) => listenerOf(server, wish, i));
    const open: OpenListeners = { transport: server.transport, port: server.port, listeners };
    await audience.#ask({ open });
    // What a server does after it has answered is not to be counted.
    await delay(300);
    return audience;
  }

  /** Listeners of a site. */
  listenersOf(site: number): number {
    const { count, sites } = this.#wish;
    return Math.floor(count / sites) + (site < count % sites ? 1 : 0);
  }

  /** Events that all of them together got until now. */
  async events(): Promise<number> {
    return (await this.#ask({ count: true })).events;
  }

  async close(): Promise<void> {
    await this.#ask({ close: true });
    this.#child.kill();
    await delay(500);
  }

  /** A child that has ended answers nothing any more: a failed run, not one that waits for ever. */
  async #ask(command: object): Promise<{ events: number }> {
    const abort = new AbortController();
    const { signal } = abort;
    const ended = once(this.#child, "exit", { signal }).then(() => {
      throw new Error("the process of the listeners has ended; it says above why");
    });
    this.#child.send(command);
    const answered = once(this.#child, "message", { signal });
    try {
      const [answer]: { events: number }[] = await Promise.race([answered, ended]);
      return { events: answer?.events ?? 0 };
    } finally {
      abort.abort();
      await Promise.allSettled([ended, answered]);
    }
  }
}

function listenerOf(server: Server, { sites, hasOwnNames = false }: Wish, index: number): Listener {
  const site = server.siteOf(index % sites);
  const path = server.pathOf(site);
  if (!server.subscribes) return { path };
  return { path, subscribe: { id: hasOwnNames ? `s-${index}` : "s", site } };
}
