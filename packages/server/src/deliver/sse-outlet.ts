import type { Socket } from "node:net";
import type { ErrorCode } from "@novacore/protocol";
import type { EventBatch } from "./batch.ts";
import type { Liveness } from "./liveness.ts";
import type { Outlet, Reset } from "./outlet.ts";
import * as sse from "./sse-format.ts";

export interface SseOutletOptions {
  readonly socket: Socket;
  /** HTTP/1.1 gets chunks; HTTP/1.0 a body that ends with the connection. */
  readonly isChunked: boolean;
  /** `?events=all`: named control events; otherwise they are comments. */
  readonly hasNamedEvents: boolean;
  readonly delivered: { inc(count: number): void };
  /** The stream is to end: it must be taken from its registries; the outlet closes the socket. */
  readonly onEnd: (code: ErrorCode) => void;
}

/**
 * One SSE connection, written below Node's HTTP layer: an event is one write of bytes that all
 * listeners share, already framed as HTTP chunks. `res.write` frames them anew for each.
 */
export class SseOutlet implements Outlet {
  /** HTTP has its own flow control: a client that reads no more fills its socket. */
  readonly room = Number.POSITIVE_INFINITY;
  readonly #socket: Socket;
  readonly #isChunked: boolean;
  readonly #hasNamedEvents: boolean;
  readonly #delivered: SseOutletOptions["delivered"];
  readonly #onEnd: (code: ErrorCode) => void;
  #hasEnded = false;

  constructor({ socket, isChunked, hasNamedEvents, delivered, onEnd }: SseOutletOptions) {
    this.#socket = socket;
    this.#isChunked = isChunked;
    this.#hasNamedEvents = hasNamedEvents;
    this.#delivered = delivered;
    this.#onEnd = onEnd;
  }

  get queuedBytes(): number {
    return this.#socket.writableLength;
  }

  get isBacklogged(): boolean {
    return this.#socket.writableNeedDrain;
  }

  /** Bytes that the operating system has taken: what does not grow while bytes wait, is stuck. */
  get takenBytes(): number {
    return this.#socket.bytesWritten - this.#socket.writableLength;
  }

  send(batch: EventBatch): void {
    if (this.#hasEnded) return;
    this.#socket.write(this.#isChunked ? batch.chunked : batch.plain);
    this.#delivered.inc(batch.events.length);
  }

  tellPosition(cursor: string): void {
    this.#write(sse.position(cursor));
  }

  tellReset(reset: Reset): void {
    this.tell("reset", reset);
  }

  tellCaughtUp(cursor: string): void {
    this.tell("caught_up", { cursor });
  }

  tellLiveness(liveness: Liveness): void {
    this.tell("liveness", liveness);
  }

  /** A control event for who asked for them, a comment for all others. */
  tell(name: string, data: object): void {
    const text = this.#hasNamedEvents
      ? sse.namedEvent(name, data)
      : sse.comment(`${name} ${JSON.stringify(data)}`);
    this.#write(text);
  }

  /** Text that is the same for many, framed by `sseText`. */
  writeShared({ chunk, plain }: SseText): void {
    if (!this.#hasEnded) this.#socket.write(this.#isChunked ? chunk : plain);
  }

  drained(): Promise<void> {
    const socket = this.#socket;
    if (!socket.writableNeedDrain || socket.closed) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const done = (): void => {
      socket.off("drain", done);
      socket.off("close", done);
      resolve();
    };
    socket.on("drain", done);
    socket.on("close", done);
    return promise;
  }

  unclogged(): Promise<void> {
    return this.drained();
  }

  /** Tells why and where to resume, ends the body, and lets what is queued go out. */
  end(code: ErrorCode, cursor: string, retryMs?: number): void {
    if (this.#hasEnded) return;
    if (retryMs !== undefined) this.#write(sse.retry(retryMs));
    this.tell(code, { cursor });
    if (this.#isChunked) this.#socket.write(sse.lastChunk);
    this.#hasEnded = true;
    this.#socket.end();
    this.#onEnd(code);
  }

  #write(text: string): void {
    if (!this.#hasEnded) this.#socket.write(this.#isChunked ? sse.chunk(text) : text);
  }
}

export interface SseText {
  readonly chunk: Buffer;
  readonly plain: Buffer;
}

export function sseText(text: string): SseText {
  return { chunk: sse.chunk(text), plain: Buffer.from(text) };
}
