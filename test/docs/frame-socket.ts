import { serverFrames } from "@novacore/protocol";
import { Value } from "typebox/value";
import { createConditions } from "../support/conditions.ts";

type Frame = Readonly<Record<string, unknown>>;

/** A WebSocket client that takes frames one by one, each checked against its schema. */
export class FrameSocket {
  /** What did not match the schema of its op. */
  readonly strange: string[] = [];
  readonly #frames: Frame[] = [];
  readonly #socket: WebSocket;
  readonly #conditions = createConditions();
  readonly #closed = Promise.withResolvers<CloseEvent>();
  #taken = 0;
  #isOpen = true;

  constructor(url: string, headers: Readonly<Record<string, string>>) {
    const { "Sec-WebSocket-Protocol": protocol, ...rest } = headers;
    const protocols = protocol === undefined ? [] : [protocol];
    this.#socket = new WebSocket(url, { protocols, headers: rest });
    this.#socket.addEventListener("message", ({ data }) => this.#receive(JSON.parse(data)));
    this.#socket.addEventListener("close", (event) => {
      this.#isOpen = false;
      this.#closed.resolve(event);
      this.#conditions.fail(new Error(`the connection was closed: ${event.code} ${event.reason}`));
    });
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  send(text: string): void {
    this.#socket.send(text);
  }

  /** The next frame; heartbeats come when they come, and are passed over unless one is wanted. */
  next(options: { readonly isHeartbeat: boolean }): Promise<Frame> {
    return this.#conditions.until("the next frame", () => {
      for (;;) {
        const frame = this.#frames[this.#taken];
        if (frame === undefined) return undefined;
        this.#taken += 1;
        if (options.isHeartbeat || frame.op !== "heartbeat") return frame;
      }
    });
  }

  /** Resolves with code and reason once the connection is closed. */
  closed(): Promise<{ readonly code: number; readonly reason: string }> {
    return this.#closed.promise;
  }

  async close(): Promise<void> {
    this.#socket.close();
    await this.closed();
  }

  #receive(frame: Frame): void {
    this.#frames.push(frame);
    const schema = Object.entries(serverFrames).find(([op]) => op === frame.op)?.[1];
    if (schema === undefined || !Value.Check(schema, frame)) {
      this.strange.push(JSON.stringify(frame));
    }
    this.#conditions.changed();
  }
}
