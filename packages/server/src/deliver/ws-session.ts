import {
  type ErrorCode,
  encodeCursor,
  errorTable,
  NovacoreError,
  type ServerFrame,
} from "@novacore/protocol";
import { limits } from "../limits.ts";
import type { Delivery } from "./delivery.ts";
import type { OpenConnection } from "./open-connections.ts";
import type { StreamCaller } from "./stream-access.ts";
import type { Timed } from "./wheel.ts";
import { pingFrame, textFrame } from "./ws-frames.ts";
import type { WsSocket } from "./ws-socket.ts";
import type { WsSubscription } from "./ws-subscription.ts";

export interface WsSessionOptions {
  readonly delivery: Delivery;
  readonly socket: WsSocket;
  readonly heartbeatMs: number;
  /** It is over: nothing of it goes out any more. */
  readonly onEnd: (session: WsSession, code: ErrorCode | "closed") => void;
  /** Its socket is closed. */
  readonly onClosed: () => void;
}

/** Who is at the other end. A ticket or token may be followed by another of the same identity. */
type Peer =
  | { readonly kind: "stranger"; readonly untilMs: number }
  | { readonly kind: "signed-in"; readonly caller: StreamCaller; readonly hasWarned: boolean };

/** One WebSocket connection: who is there, its subscriptions, its heartbeat, and its end. */
export class WsSession implements OpenConnection, Timed {
  readonly socket: WsSocket;
  readonly #subscriptions = new Map<string, WsSubscription>();
  readonly #delivery: Delivery;
  readonly #heartbeatMs: number;
  readonly #onEnd: WsSessionOptions["onEnd"];
  readonly #onClosed: WsSessionOptions["onClosed"];
  #peer: Peer;
  #nextHeartbeatMs: number;
  #takenBytes = -1;
  #heardBytes = -1;
  #state: "open" | "ending" | "closed" = "open";

  constructor({ delivery, socket, heartbeatMs, onEnd, onClosed }: WsSessionOptions) {
    this.socket = socket;
    this.#delivery = delivery;
    this.#heartbeatMs = heartbeatMs;
    this.#onEnd = onEnd;
    this.#onClosed = onClosed;
    const nowMs = delivery.now();
    this.#peer = { kind: "stranger", untilMs: nowMs + limits.socketAuthMs };
    this.#nextHeartbeatMs = nowMs + heartbeatMs;
    this.#schedule();
  }

  get caller(): StreamCaller | undefined {
    return this.#peer.kind === "signed-in" ? this.#peer.caller : undefined;
  }

  /** Throws `unauthenticated` to a stranger. */
  get signedIn(): StreamCaller {
    if (this.#peer.kind === "signed-in") return this.#peer.caller;
    throw new NovacoreError("unauthenticated", "Say who you are first: send auth with a token.");
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  get streams(): Iterable<WsSubscription> {
    return this.#subscriptions.values();
  }

  get subscriptionCount(): number {
    return this.#subscriptions.size;
  }

  signIn(caller: StreamCaller): void {
    this.#peer = { kind: "signed-in", caller, hasWarned: false };
    const { identityId, expiresAt } = caller;
    this.send({
      op: "authenticated",
      identity_id: identityId,
      ...(expiresAt <= endlessMs && { expires_at: new Date(expiresAt).toISOString() }),
    });
    this.#schedule();
  }

  subscription(id: string): WsSubscription | undefined {
    return this.#subscriptions.get(id);
  }

  has(subscription: WsSubscription): boolean {
    return this.isOpen && this.#subscriptions.get(subscription.id) === subscription;
  }

  add(subscription: WsSubscription): void {
    this.#subscriptions.set(subscription.id, subscription);
  }

  /** Ends one subscription; gives the cursor that resumes it. */
  remove(subscription: WsSubscription): string | undefined {
    this.#subscriptions.delete(subscription.id);
    const { subscriber } = subscription;
    if (subscriber === undefined) return undefined;
    // What waits in its group is not sent any more: the cursor lies before it.
    const cursor = subscriber.takeCursor();
    this.#delivery.close(subscriber);
    this.socket.release();
    return cursor;
  }

  /** Ends one subscription for a reason that the client is told. */
  dropSubscription(subscription: WsSubscription, code: ErrorCode): void {
    const cursor = this.remove(subscription);
    this.tellError(new NovacoreError(code), subscription.id, cursor);
  }

  tellError(error: NovacoreError, id?: string, cursor?: string): void {
    const { code, message, details } = error;
    this.send({
      op: "error",
      ...(id !== undefined && { id }),
      code,
      message,
      ...(details.length > 0 && { details: details.map((detail) => ({ ...detail })) }),
      ...(cursor !== undefined && { cursor }),
      // Clients that are told so together come back apart.
      ...(errorTable[code].retryable && { retry_ms: 1_000 + Math.round(Math.random() * 4_000) }),
    });
  }

  /** Anything but readings. Who reads none of it is cut off like any other slow client. */
  send(frame: ServerFrame): void {
    this.socket.write(textFrame(frame, this.socket));
    if (this.socket.queuedBytes > limits.subscriberQueueBytesMax) this.end("slow_consumer");
  }

  /** Tells why and where each subscription resumes, then closes with the code of the table. */
  end(code: ErrorCode, retryMs?: number, message: string = errorTable[code].sentence): void {
    if (this.#state !== "open") return;
    // Not by assignment, which would lose a subscription of the name "__proto__".
    const cursors = Object.fromEntries(
      [...this.#subscriptions.values()].flatMap(({ id, subscriber }) =>
        subscriber === undefined ? [] : [[id, subscriber.takeCursor()]],
      ),
    );
    const frame: ServerFrame = {
      op: "error",
      code,
      message,
      ...(Object.keys(cursors).length > 0 && { cursors }),
      ...(retryMs !== undefined && { retry_ms: Math.round(retryMs) }),
    };
    this.socket.write(textFrame(frame, this.socket));
    const [only, ...others] = Object.values(cursors);
    const reason = only !== undefined && others.length === 0 ? `${code} cursor=${only}` : code;
    this.#finish("ending", code);
    this.socket.close(closeCodeOf(code), reason);
    this.#delivery.wheel.at(this.#delivery.now() + limits.slowGraceMs, this);
  }

  /** The connection is gone, or is being closed by the client or for what it sent. */
  closed(): void {
    if (this.#state === "closed") return;
    this.#finish("closed", "closed");
    this.#delivery.wheel.cancel(this);
    this.#onClosed();
  }

  onTime(nowMs: number): void {
    if (this.#state !== "open") {
      // It was given time to take what was queued, and did not.
      this.socket.destroy();
      return;
    }
    this.#checkPeer(nowMs);
    if (this.isOpen && nowMs >= this.#nextHeartbeatMs) this.#beat(nowMs);
    if (this.isOpen) this.#schedule();
  }

  #checkPeer(nowMs: number): void {
    const peer = this.#peer;
    switch (peer.kind) {
      case "stranger":
        if (nowMs >= peer.untilMs) this.end("auth_timeout");
        break;
      case "signed-in": {
        const { expiresAt } = peer.caller;
        if (nowMs >= expiresAt) {
          this.end("token_expired");
        } else if (!peer.hasWarned && nowMs >= expiresAt - limits.tokenWarningMs) {
          this.#peer = { ...peer, hasWarned: true };
          const expires_at = new Date(expiresAt).toISOString();
          this.send({ op: "token_expiring", expires_at });
        }
        break;
      }
    }
  }

  #beat(nowMs: number): void {
    const { queuedBytes, takenBytes, heardBytes, isPaused } = this.socket;
    const isStuck = queuedBytes > 0 && takenBytes === this.#takenBytes;
    // A ping was sent a heartbeat ago, and not even its pong has come.
    const isSilent = queuedBytes === 0 && !isPaused && heardBytes === this.#heardBytes;
    if (isStuck) {
      this.end("slow_consumer");
    } else if (isSilent) {
      this.end("peer_silent");
      this.socket.destroy();
    } else {
      this.#takenBytes = queuedBytes > 0 ? takenBytes : -1;
      this.#heardBytes = heardBytes;
      this.socket.write(heartbeatAt(nowMs, this.#delivery.feed));
      this.#nextHeartbeatMs = nowMs + this.#heartbeatMs;
    }
  }

  #schedule(): void {
    const peer = this.#peer;
    const peerMs =
      peer.kind === "stranger"
        ? peer.untilMs
        : peer.caller.expiresAt - (peer.hasWarned ? 0 : limits.tokenWarningMs);
    this.#delivery.wheel.at(Math.min(this.#nextHeartbeatMs, peerMs), this);
  }

  #finish(state: "ending" | "closed", code: ErrorCode | "closed"): void {
    const wasOpen = this.#state === "open";
    this.#state = state;
    if (!wasOpen) return;
    for (const subscription of this.#subscriptions.values()) this.remove(subscription);
    this.#onEnd(this, code);
  }
}

/** The last time that a Date can hold: a caller whose login does not end has a later one. */
const endlessMs = 8.64e15;

/** Every code ends a connection with its own close code; what the table has none for is a fault. */
function closeCodeOf(code: ErrorCode): number {
  const row: { readonly close?: number } = errorTable[code];
  return row.close ?? faultCloseCode;
}

const faultCloseCode = 4012;

let lastHeartbeat: { key: string; bytes: Buffer } | undefined;

/** A ping, and the frame that programs in browsers see: the same bytes for all that are due together. */
function heartbeatAt(nowMs: number, { epoch, position }: Delivery["feed"]): Buffer {
  const key = `${nowMs} ${epoch} ${position}`;
  if (lastHeartbeat?.key === key) return lastHeartbeat.bytes;
  const cursor = encodeCursor({ epoch, sequence: position });
  const server_time = new Date(nowMs).toISOString();
  const text = textFrame({ op: "heartbeat", server_time, cursor }, { isDeflated: false });
  lastHeartbeat = { key, bytes: Buffer.concat([pingFrame, text]) };
  return lastHeartbeat.bytes;
}
