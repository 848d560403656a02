import { AckPolicy, jetstreamManager } from "@nats-io/jetstream";
import { createInbox, type Msg, type NatsConnection, nanos } from "@nats-io/transport-node";
import type { Logger } from "pino";
import { limits } from "../limits.ts";

/** A message of the durable; `settled` has to be called once, when it is known what became of it. */
export type OnMessage = (
  message: Msg,
  /** When nats-server stored it, epoch ms. */
  storedMs: number,
  settled: (outcome: "done" | "again") => void,
) => void;

export interface PullOptions {
  readonly connection: NatsConnection;
  readonly stream: string;
  /** Shared by all hubs: each message goes to one of them. */
  readonly durable: string;
  readonly filter: string;
  readonly onMessage: OnMessage;
  readonly log: Pick<Logger, "warn">;
}

export interface Pull {
  /** Messages handed over and not settled. */
  readonly inFlight: number;
  /** Messages in the stream that no hub has got yet, as last told by the server. */
  readonly lag: number;
  /** Asks for no more, and resolves when what was handed over is settled, at most publishAckMs. */
  close(): Promise<void>;
}

/**
 * Reads a stream through a durable shared by all hubs, with back-pressure by messages and bytes in
 * hand, which the client library's own consumer does not have for callbacks. A message is
 * acknowledged only when it is settled; what is not comes again after ackWaitMs.
 */
export async function startPull(options: PullOptions): Promise<Pull> {
  const pull = new DurablePull(options);
  await pull.start();
  return pull;
}

/** A request under way: how many messages it may still bring. */
interface Request {
  open: number;
  heardMs: number;
}

class DurablePull implements Pull {
  readonly #options: PullOptions;
  readonly #connection: NatsConnection;
  readonly #inbox = createInbox(inboxPrefix);
  readonly #requests = new Map<string, Request>();
  #tokens = 0;
  /** Reply subjects of what is handed over, and when nats-server last heard of each. */
  readonly #unsettled = new Map<string, number>();
  #bytes = 0;
  #lag = 0;
  #restUntilMs = 0;
  #restMs = restMsMin;
  #repairing = false;
  #closed = false;
  #whenEmpty: (() => void) | undefined;
  #watch: NodeJS.Timeout | undefined;
  #unsubscribe: () => void = () => undefined;

  constructor(options: PullOptions) {
    this.#options = options;
    this.#connection = options.connection;
  }

  get inFlight(): number {
    return this.#unsettled.size;
  }

  get lag(): number {
    return this.#lag;
  }

  async start(): Promise<void> {
    await this.#ensureDurable();
    const inbox = this.#connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (error === null) this.#onMessage(message);
      },
    });
    this.#unsubscribe = () => inbox.unsubscribe();
    this.#watch = setInterval(() => this.#check(), checkMs).unref();
    void this.#followStatus();
    this.#ask();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#watch);
    if (!this.#connection.isClosed()) this.#unsubscribe();
    if (this.inFlight === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, limits.publishAckMs);
      this.#whenEmpty = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async #ensureDurable(): Promise<void> {
    const { stream, durable, filter } = this.#options;
    const manager = await jetstreamManager(this.#connection);
    const settings = {
      filter_subject: filter,
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(ackWaitMs),
      max_ack_pending: limits.ackPendingMax,
    };
    // Also updates one that an earlier version made.
    await manager.consumers.add(stream, { durable_name: durable, ...settings });
  }

  /** Asks for as many as there is room for, once that is worth a request. */
  #ask(): void {
    if (this.#connection.isClosed()) return;
    if (this.#closed || this.#repairing || Date.now() < this.#restUntilMs) return;
    let asked = 0;
    for (const { open } of this.#requests.values()) asked += open;
    const room = limits.ingestInFlightMax - this.inFlight - asked;
    if (room < limits.ingestInFlightMax / 4 || this.#requests.size >= requestsMax) return;
    if (this.#bytes > limits.ingestInFlightBytesMax / 2) return;
    const token = `${++this.#tokens}`;
    const batch = Math.min(room, requestMax);
    this.#requests.set(token, { open: batch, heardMs: Date.now() });
    const { stream, durable } = this.#options;
    const request = {
      batch,
      max_bytes: limits.ingestInFlightBytesMax / 2,
      expires: nanos(expiresMs),
      idle_heartbeat: nanos(heartbeatMs),
    };
    this.#connection.publish(
      `$JS.API.CONSUMER.MSG.NEXT.${stream}.${durable}`,
      JSON.stringify(request),
      { reply: `${this.#inbox}.${token}` },
    );
    this.#ask();
  }

  #onMessage(message: Msg): void {
    const { reply } = message;
    if (reply === undefined || reply === "") {
      this.#onStatus(message);
      return;
    }
    const request = this.#requestOf(message);
    const nowMs = Date.now();
    if (request !== undefined) {
      request.heardMs = nowMs;
      request.open--;
      if (request.open <= 0) this.#forget(message);
    }
    if (this.#closed) return;
    const bytes = message.data.length;
    this.#unsettled.set(reply, nowMs);
    this.#bytes += bytes;
    this.#restMs = restMsMin;
    const { storedMs, pending } = readAckSubject(reply);
    this.#options.onMessage(message, storedMs, (outcome) => {
      this.#unsettled.delete(reply);
      this.#bytes -= bytes;
      this.#answer(reply, outcome === "done" ? ack : again);
      if (this.inFlight === 0) this.#whenEmpty?.();
      this.#ask();
    });
    if (request !== undefined && request.open <= 0) this.#lag = pending;
  }

  /** Lost with the connection, an answer only means that the message comes again. */
  #answer(reply: string, word: Uint8Array): void {
    if (!this.#connection.isClosed()) this.#connection.publish(reply, word);
  }

  #requestOf(message: Msg): Request | undefined {
    return this.#requests.get(message.subject.slice(this.#inbox.length + 1));
  }

  #forget(message: Msg): void {
    this.#requests.delete(message.subject.slice(this.#inbox.length + 1));
  }

  /** No message but word of the request: a heartbeat (100), or its end. */
  #onStatus(message: Msg): void {
    const code = message.headers?.code ?? 0;
    const request = this.#requestOf(message);
    if (request === undefined) return;
    request.heardMs = Date.now();
    if (code === 100) {
      this.#lag = 0;
      return;
    }
    this.#forget(message);
    if (code !== 408 && !isFulfilled(message)) {
      this.#options.log.warn(
        { stream: this.#options.stream, status: message.headers?.status },
        "the durable refused a request",
      );
      this.#restUntilMs = Date.now() + this.#restMs;
      this.#restMs = Math.min(this.#restMs * 2, restMsMax);
      if (code === 404 || code === 409 || code === 503) void this.#repair();
    }
    this.#ask();
  }

  #check(): void {
    const nowMs = Date.now();
    for (const [reply, heardMs] of this.#unsettled) {
      if (nowMs - heardMs < ackWaitMs / 3) continue;
      this.#unsettled.set(reply, nowMs);
      this.#answer(reply, inProgress);
    }
    const before = nowMs - 2 * heartbeatMs - checkMs;
    for (const [token, request] of this.#requests) {
      if (request.heardMs < before) this.#requests.delete(token);
    }
    this.#ask();
  }

  /** The durable or its stream may be gone; making it again is harmless where it is not. */
  async #repair(): Promise<void> {
    if (this.#repairing) return;
    this.#repairing = true;
    try {
      await this.#ensureDurable();
    } catch (error) {
      const { stream } = this.#options;
      this.#options.log.warn({ err: error, stream }, "the durable could not be made");
    }
    // Tried again by the next refusal: the watch asks every second.
    this.#repairing = false;
  }

  /** Requests end with the connection; nothing is asked before it is back. */
  async #followStatus(): Promise<void> {
    for await (const { type } of this.#connection.status()) {
      if (this.#closed) return;
      if (type !== "disconnect" && type !== "reconnect") continue;
      this.#requests.clear();
      this.#restMs = restMsMin;
      this.#restUntilMs = type === "disconnect" ? Number.POSITIVE_INFINITY : 0;
      this.#ask();
    }
  }
}

/** 409 with this reason is the normal end of a request that was limited by bytes. */
function isFulfilled(message: Msg): boolean {
  return /batch completed|maxbytes/i.test(message.headers?.description ?? "");
}

/**
 * `$JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<time, ns>.<pending>`, and a
 * longer form with domain and account in front and a random token at the end.
 */
function readAckSubject(reply: string): { storedMs: number; pending: number } {
  const tokens = reply.split(".");
  const time = tokens.length > 9 ? 9 : 7;
  return {
    storedMs: Math.floor(Number(tokens[time]) / 1e6) || Date.now(),
    pending: Number(tokens[time + 1]) || 0,
  };
}

/**
 * Not `_INBOX_…`: with that, a gateway of the right serial could listen to what every other one sends,
 * since a gateway's own inbox is `_INBOX_{serial}`.
 */
const inboxPrefix = "_HUB_INGEST";
const ack = Buffer.from("+ACK");
/** Not now: the store or the registry was unavailable. */
const again = Buffer.from('-NAK {"delay": 1000000000}');
const inProgress = Buffer.from("+WPI");
/**
 * How long a hub may be silent about a message before another gets it: what a hub that was killed
 * had in hand is late by so much. What takes longer is reported as in progress.
 */
const ackWaitMs = 6_000;
const requestMax = 1_000;
const requestsMax = 4;
const expiresMs = 30_000;
const heartbeatMs = 5_000;
const checkMs = 1_000;
const restMsMin = 500;
const restMsMax = 30_000;
