import type { ErrorCode } from "@novacore/protocol";
import type { EventBatch } from "./batch.ts";
import type { Liveness } from "./liveness.ts";
import type { OpenStream } from "./open-connections.ts";
import type { Outlet, Reset } from "./outlet.ts";
import type { StreamScope } from "./stream-access.ts";
import type { Subscriber } from "./subscriber.ts";
import type { FrameForm } from "./ws-frames.ts";
import type { WsSession } from "./ws-session.ts";
import type { WsSocket } from "./ws-socket.ts";

export interface WsSubscriptionOptions {
  readonly id: string;
  /** How many ids it names. */
  readonly ids: number;
  readonly scope: StreamScope;
  readonly session: WsSession;
  readonly socket: WsSocket;
  /** Several readings a frame. */
  readonly isGathered: boolean;
  readonly delivered: { inc(count: number): void };
}

/** What ends a whole connection, and not only the subscription in which it was noticed. */
const ofConnection: ReadonlySet<ErrorCode> = new Set([
  "slow_consumer",
  "going_away",
  "token_expired",
  "identity_revoked",
]);

/** One subscription of a WebSocket: its readings go out under the name that the client gave it. */
export class WsSubscription implements Outlet, OpenStream {
  readonly id: string;
  readonly ids: number;
  readonly scope: StreamScope;
  subscriber: Subscriber | undefined;
  readonly #session: WsSession;
  readonly #socket: WsSocket;
  readonly #form: FrameForm;
  readonly #delivered: WsSubscriptionOptions["delivered"];

  constructor({ id, ids, scope, session, socket, isGathered, delivered }: WsSubscriptionOptions) {
    this.id = id;
    this.ids = ids;
    this.scope = scope;
    this.#session = session;
    this.#socket = socket;
    this.#form = { isGathered, isDeflated: socket.isDeflated };
    this.#delivered = delivered;
  }

  get caller() {
    return this.#session.signedIn;
  }

  get isOpen(): boolean {
    return this.#session.has(this);
  }

  get queuedBytes(): number {
    return this.#socket.queuedBytes;
  }

  get isBacklogged(): boolean {
    return this.#socket.isBacklogged;
  }

  get room(): number {
    return this.#socket.room;
  }

  send(batch: EventBatch): void {
    if (!this.isOpen) return;
    const readings = batch.events.length;
    this.#socket.write(batch.frames(this.id, this.#form));
    this.#socket.spend(readings);
    this.#delivered.inc(readings);
  }

  tellPosition(): void {
    // `subscribed` and `reset` have told it.
  }

  tellReset(reset: Reset): void {
    if (this.isOpen) this.#session.send({ op: "reset", id: this.id, ...reset });
  }

  tellCaughtUp(cursor: string): void {
    if (this.isOpen) this.#session.send({ op: "caught_up", id: this.id, cursor });
  }

  tellLiveness(liveness: Liveness): void {
    if (this.isOpen) this.#session.send({ op: "liveness", id: this.id, ...liveness });
  }

  drained(): Promise<void> {
    return this.#socket.drained();
  }

  unclogged(): Promise<void> {
    return this.#socket.unclogged();
  }

  end(code: ErrorCode): void {
    if (!this.isOpen) return;
    if (ofConnection.has(code)) this.#session.end(code);
    else this.#session.dropSubscription(this, code);
  }
}
