import type { Socket } from "node:net";
import { type ErrorCode, encodeCursor } from "@novacore/protocol";
import { limits } from "../limits.ts";
import type { Delivery } from "./delivery.ts";
import type { OpenConnection, OpenStream } from "./open-connections.ts";
import * as sse from "./sse-format.ts";
import { SseOutlet, type SseText, sseText } from "./sse-outlet.ts";
import type { StreamCaller, StreamScope } from "./stream-access.ts";
import type { Subscriber } from "./subscriber.ts";
import type { Timed } from "./wheel.ts";

export interface SseStreamOptions {
  readonly delivery: Delivery;
  readonly socket: Socket;
  readonly isChunked: boolean;
  readonly hasNamedEvents: boolean;
  readonly caller: StreamCaller;
  readonly scope: StreamScope;
  readonly delivered: { inc(count: number): void };
  readonly heartbeatMs: number;
  readonly onClose: (stream: SseStream, code: ErrorCode | "closed") => void;
}

/**
 * One open SSE stream: its heartbeat, the end of its token, and what remains of it after its end.
 * Kept small, as there are many: no timer and no closure of its own beyond the socket's listeners.
 */
export class SseStream implements OpenConnection, OpenStream, Timed {
  readonly caller: StreamCaller;
  readonly scope: StreamScope;
  readonly outlet: SseOutlet;
  subscriber: Subscriber | undefined;
  readonly #delivery: Delivery;
  readonly #socket: Socket;
  readonly #heartbeatMs: number;
  readonly #onClose: SseStreamOptions["onClose"];
  #nextHeartbeatMs: number;
  #hasWarned = false;
  #takenBytes = -1;
  #state: "open" | "ending" | "closed" = "open";

  constructor(options: SseStreamOptions) {
    const { delivery, socket, isChunked, hasNamedEvents, delivered, heartbeatMs } = options;
    this.caller = options.caller;
    this.scope = options.scope;
    this.#delivery = delivery;
    this.#socket = socket;
    this.#heartbeatMs = heartbeatMs;
    this.#onClose = options.onClose;
    this.outlet = new SseOutlet({
      socket,
      isChunked,
      hasNamedEvents,
      delivered,
      onEnd: (code) => this.#finish(code),
    });
    this.#nextHeartbeatMs = delivery.now() + heartbeatMs;
    this.#schedule();
    socket.on("close", () => this.#closed());
  }

  /** The connection is its one stream. */
  get streams(): readonly OpenStream[] {
    return [this];
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  /** Ends the stream; `retryMs` is when the client should come back. */
  end(code: ErrorCode, retryMs?: number): void {
    const { epoch, position } = this.#delivery.feed;
    const cursor = this.subscriber?.takeCursor() ?? encodeCursor({ epoch, sequence: position });
    this.outlet.end(code, cursor, retryMs);
  }

  onTime(nowMs: number): void {
    if (this.#state !== "open") {
      // It was given time to take what was queued, and did not.
      this.#socket.destroy();
      return;
    }
    const { expiresAt } = this.caller;
    if (nowMs >= expiresAt) {
      this.end("token_expired");
      return;
    }
    if (!this.#hasWarned && nowMs >= expiresAt - limits.tokenWarningMs) {
      this.#hasWarned = true;
      this.outlet.tell("token_expiring", { expires_at: new Date(expiresAt).toISOString() });
    }
    if (nowMs >= this.#nextHeartbeatMs) {
      if (this.#isStuck()) {
        this.end("slow_consumer");
        return;
      }
      this.outlet.writeShared(heartbeatAt(nowMs, this.#delivery.feed));
      this.#nextHeartbeatMs = nowMs + this.#heartbeatMs;
    }
    this.#schedule();
  }

  /** Bytes wait, and the client has taken none of them since the last heartbeat. */
  #isStuck(): boolean {
    const { takenBytes, queuedBytes } = this.outlet;
    const isStuck = queuedBytes > 0 && takenBytes === this.#takenBytes;
    this.#takenBytes = queuedBytes > 0 ? takenBytes : -1;
    return isStuck;
  }

  #schedule(): void {
    const { expiresAt } = this.caller;
    const tokenMs = this.#hasWarned ? expiresAt : expiresAt - limits.tokenWarningMs;
    this.#delivery.wheel.at(Math.min(this.#nextHeartbeatMs, tokenMs), this);
  }

  #finish(code: ErrorCode): void {
    if (this.#state !== "open") return;
    this.#state = "ending";
    if (this.subscriber !== undefined) this.#delivery.close(this.subscriber);
    this.#delivery.wheel.at(this.#delivery.now() + limits.slowGraceMs, this);
    this.#onClose(this, code);
  }

  #closed(): void {
    const wasOpen = this.#state === "open";
    this.#state = "closed";
    this.#delivery.wheel.cancel(this);
    if (!wasOpen) return;
    if (this.subscriber !== undefined) this.#delivery.close(this.subscriber);
    this.#onClose(this, "closed");
  }
}

let lastHeartbeat: { key: string; text: SseText } | undefined;

/** `: heartbeat {server time} head={cursor}`: the same bytes for all that are due together. */
function heartbeatAt(nowMs: number, { epoch, position }: Delivery["feed"]): SseText {
  const head = encodeCursor({ epoch, sequence: position });
  const key = `${nowMs} ${head}`;
  if (lastHeartbeat?.key === key) return lastHeartbeat.text;
  const text = sseText(sse.comment(`heartbeat ${new Date(nowMs).toISOString()} head=${head}`));
  lastHeartbeat = { key, text };
  return text;
}
