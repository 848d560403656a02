import { type ClientFrame, NovacoreError, type ServerFrame } from "@novacore/protocol";
import { limits } from "../limits.ts";
import { Allowance } from "./allowance.ts";
import type { Delivery } from "./delivery.ts";
import type { FeedLog } from "./feed.ts";
import type { OpenConnections } from "./open-connections.ts";
import { parseSelection } from "./selection.ts";
import {
  type Credential,
  resolveScope,
  type StreamAccess,
  type StreamCaller,
  type StreamScope,
} from "./stream-access.ts";
import type { WsSession } from "./ws-session.ts";
import { WsSubscription } from "./ws-subscription.ts";

/** Where readings go that a gateway sends. */
export interface ReadingsIn<Caller extends StreamCaller = StreamCaller> {
  /**
   * Stores the `readings` of a frame, given as the bytes that came; answers for each once it is
   * stored. Throws `forbidden` and the like for who is no gateway.
   */
  publish(caller: Caller, frame: Uint8Array): Promise<PublishAnswer>;
}

export type PublishAnswer = Omit<ServerFrame<"ack">, "op" | "id">;

export interface WsOpsOptions {
  readonly delivery: Delivery;
  readonly access: StreamAccess;
  readonly connections: OpenConnections;
  readonly readingsIn: ReadingsIn;
  readonly delivered: { inc(count: number): void };
  readonly log: FeedLog;
}

/** What a client can ask of one connection: the verbs of the protocol, each with its handler. */
export class WsOps {
  readonly #session: WsSession;
  readonly #options: WsOpsOptions;
  readonly #admit: (caller: StreamCaller) => void;
  readonly #subscribes: Allowance;

  /** `admit` takes a place for the connection of a caller; throws `too_many_connections`. */
  constructor(session: WsSession, admit: (caller: StreamCaller) => void, options: WsOpsOptions) {
    this.#session = session;
    this.#admit = admit;
    this.#options = options;
    const { subscribeBurstMax, subscribesPerSecond } = limits;
    this.#subscribes = new Allowance(
      subscribeBurstMax,
      subscribesPerSecond,
      options.delivery.now(),
    );
  }

  /** The protocol's table of contents. Throws what the client is told. */
  async handle(frame: ClientFrame, bytes: Uint8Array): Promise<void> {
    switch (frame.op) {
      case "auth":
        return this.#auth(frame);
      case "refresh":
        return this.#refresh(frame);
      case "subscribe":
        return this.#subscribe(frame);
      case "unsubscribe":
        return this.#unsubscribe(frame);
      case "credit":
        return this.#credit(frame);
      case "publish":
        return this.#publish(frame, bytes);
      case "ping":
        return this.#ping(frame);
    }
  }

  /** Lets in whom `find` finds, or ends the connection with the reason. */
  async signIn(find: () => Promise<StreamCaller | undefined>): Promise<void> {
    const { connections } = this.#options;
    const { changes } = connections;
    try {
      const caller = await find();
      if (caller === undefined || !this.#session.isOpen) return;
      this.#admit(caller);
      this.#session.signIn(caller);
      // Cut off while it was being looked up: nobody knew of this connection then.
      if (connections.changes !== changes) await find();
    } catch (error) {
      if (!(error instanceof NovacoreError)) throw error;
      this.#session.end(error.code, undefined, error.message);
    }
  }

  async #auth(credential: ClientFrame<"auth">): Promise<void> {
    if (this.#session.caller !== undefined) {
      throw new NovacoreError(
        "conflict",
        "This connection is authenticated; send refresh instead.",
      );
    }
    await this.signIn(() => this.#options.access.authenticateBy(credentialOf(credential)));
  }

  async #refresh(credential: ClientFrame<"refresh">): Promise<void> {
    const { access, connections } = this.#options;
    const before = this.#session.signedIn;
    const find = () => access.authenticateBy(credentialOf(credential));
    const caller = await find();
    if (caller.identityId !== before.identityId) {
      const message = "The token is another identity's; open a connection of its own for it.";
      throw new NovacoreError("forbidden", message);
    }
    if (!this.#session.isOpen) return;
    this.#session.signIn(caller);
    // A ticket may be for fewer sites than what came before it.
    await connections.recheckOne(this.#session);
  }

  async #subscribe(frame: ClientFrame<"subscribe">): Promise<void> {
    const { delivery, access, connections, delivered } = this.#options;
    const session = this.#session;
    const { id, batch_ms: gatherMs } = frame;
    const caller = session.signedIn;
    const { identityId: party } = caller;
    const ids = idsOf(frame);
    this.#assertFree(id, ids);
    const { op: _op, id: _id, sites: _sites, org: _org, batch_ms: _batch, ...input } = frame;
    const scope = scopeOf(frame);
    const selection = parseSelection(input);
    const { changes } = connections;
    const sites = await resolveScope(access, caller, scope);
    const prepared = await delivery.prepare({ party, sites, selection, gatherMs });
    if (!session.isOpen) {
      prepared.abandon();
      return;
    }
    const { socket } = session;
    const isGathered = gatherMs !== undefined;
    const subscription = new WsSubscription({
      ...{ id, ids, scope, session, socket, isGathered, delivered },
    });
    const { subscriber, start } = prepared.open(subscription);
    subscription.subscriber = subscriber;
    session.add(subscription);
    session.send({ op: "subscribed", id, cursor: subscriber.takeCursor() });
    void this.#start(subscription, start);
    // What was taken away while it was prepared, it has not heard of.
    if (connections.changes !== changes) await connections.recheckOne(session);
  }

  #assertFree(id: string, ids: number): void {
    const session = this.#session;
    if (session.subscription(id) !== undefined) {
      const message = `There is a subscription "${id}" already; end it first, or choose another id.`;
      throw new NovacoreError("conflict", message);
    }
    if (session.subscriptionCount >= limits.subscriptionsPerSocketMax) {
      const message = `This socket has ${session.subscriptionCount} subscriptions, the most allowed.`;
      throw new NovacoreError("too_many_subscriptions", message);
    }
    const held = [...session.streams].reduce((sum, stream) => sum + stream.ids, ids);
    if (held > limits.idsPerSocketMax) {
      const message = `All subscriptions of a socket name ${held} ids; ${limits.idsPerSocketMax} are allowed.`;
      throw new NovacoreError("too_many_subscriptions", message);
    }
    const cost = 1 + Math.floor(ids / limits.idsPerSubscribe);
    if (!this.#subscribes.take(this.#options.delivery.now(), cost)) {
      const { subscribeBurstMax, subscribesPerSecond } = limits;
      const most = `${subscribeBurstMax} at once and ${subscribesPerSecond} a second`;
      const message = `A socket may begin ${most}, fewer where they name many ids; come back shortly.`;
      throw new NovacoreError("rate_limited", message);
    }
  }

  async #start(subscription: WsSubscription, start: () => Promise<void>): Promise<void> {
    try {
      await start();
    } catch (error) {
      const code = error instanceof NovacoreError ? error.code : "internal";
      if (code === "internal") this.#options.log.error({ err: error }, "a subscription failed");
      subscription.end(code);
    }
  }

  async #unsubscribe({ id }: ClientFrame<"unsubscribe">): Promise<void> {
    const subscription = this.#session.subscription(id);
    if (subscription === undefined) {
      throw new NovacoreError("not_found", `There is no subscription "${id}" on this socket.`);
    }
    const cursor = this.#session.remove(subscription);
    if (cursor !== undefined) this.#session.send({ op: "unsubscribed", id, cursor });
  }

  async #credit({ n }: ClientFrame<"credit">): Promise<void> {
    if (this.#session.socket.grant(n)) return;
    const message = `${n} more would exceed the ${limits.creditMax} readings of credit allowed.`;
    throw new NovacoreError("credit_overflow", message);
  }

  async #publish({ id }: ClientFrame<"publish">, bytes: Uint8Array): Promise<void> {
    const answer = await this.#options.readingsIn.publish(this.#session.signedIn, bytes);
    this.#session.send({ op: "ack", ...(id !== undefined && { id }), ...answer });
  }

  async #ping({ t }: ClientFrame<"ping">): Promise<void> {
    const server_time = new Date(this.#options.delivery.now()).toISOString();
    this.#session.send({ op: "pong", ...(t !== undefined && { t }), server_time });
  }
}

/** Sites, devices and DERs that a subscription names. */
function idsOf({ sites, devices, ders }: ClientFrame<"subscribe">): number {
  return (sites?.length ?? 0) + (devices?.length ?? 0) + (ders?.length ?? 0);
}

function credentialOf({ token, ticket }: ClientFrame<"auth" | "refresh">): Credential {
  if ((token === undefined) === (ticket === undefined)) {
    throw new NovacoreError("validation_failed", "Send either a token or a ticket.");
  }
  return { token, ticket };
}

/** Sites or an organization; or else the sites that the devices or DERs stand on. */
function scopeOf({ sites, org, devices, ders }: ClientFrame<"subscribe">): StreamScope {
  if (sites !== undefined && org !== undefined) {
    throw new NovacoreError("validation_failed", "Name sites or an org, not both.", {
      details: [{ path: "/org", message: "stands beside sites" }],
    });
  }
  if (sites !== undefined) return { kind: "sites", siteIds: [...new Set(sites)] };
  if (org !== undefined) return { kind: "org", orgId: org };
  if (ders !== undefined) return { kind: "ders", derIds: ders };
  if (devices !== undefined) return { kind: "devices", deviceIds: devices };
  const message = "Say what it is about: sites, org, devices or ders.";
  throw new NovacoreError("validation_failed", message, {
    details: [{ path: "/sites", message: "is missing" }],
  });
}
