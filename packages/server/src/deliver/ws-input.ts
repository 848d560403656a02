import { type ClientFrame, clientFrames, NovacoreError } from "@novacore/protocol";
import { type TSchema, Type } from "typebox";
import { Compile } from "typebox/compile";
import { Value } from "typebox/value";
import { limits } from "../limits.ts";
import { Allowance } from "./allowance.ts";
import type { FeedLog } from "./feed.ts";
import { Turnstile } from "./turnstile.ts";
import type { WsSession } from "./ws-session.ts";

/** One verb of the protocol: what is done with a frame. Throws what the client is told. */
export type Handle = (frame: ClientFrame, bytes: Uint8Array) => Promise<void>;

/**
 * What a client sends, taken in the order it came. Frames are bounded in rate and number: whoever
 * sends faster than they can be worked on is read no further until they are.
 */
export class WsInput {
  readonly #session: WsSession;
  readonly #handle: Handle;
  readonly #log: FeedLog;
  readonly #now: () => number;
  readonly #allowance: Allowance;
  /** Subscriptions begin and end one after the other, as their frames came. */
  readonly #inOrder = new Turnstile(1);
  /** Readings wait for the store: a few frames of them at once, so that none waits for nothing. */
  readonly #publishing = new Turnstile(limits.uploadsPerGatewayMax);
  #waiting = 0;
  #refused = 0;

  constructor(options: {
    readonly session: WsSession;
    readonly handle: Handle;
    readonly log: FeedLog;
    readonly now: () => number;
  }) {
    this.#session = options.session;
    this.#handle = options.handle;
    this.#log = options.log;
    this.#now = options.now;
    this.#allowance = new Allowance(limits.frameBurstMax, limits.framesPerSecond, this.#now());
  }

  take(bytes: Uint8Array, isBinary: boolean): void {
    if (!this.#session.isOpen || !this.#isAllowed()) return;
    let id: string | undefined;
    try {
      const message = parse(bytes, isBinary);
      id = idOf(message);
      const frame = check(message);
      void this.#pass(frame, bytes, id);
    } catch (error) {
      this.#tell(error, id);
    }
  }

  /** Work that comes before whatever the client sends. */
  async first(work: () => Promise<void>): Promise<void> {
    await this.#inOrder.pass(() => this.#guard(work, undefined));
  }

  async #pass(frame: ClientFrame, bytes: Uint8Array, id: string | undefined): Promise<void> {
    const work = () => this.#guard(() => this.#handle(frame, bytes), id);
    switch (frame.op) {
      case "ping":
      case "credit":
        await work();
        return;
      case "publish":
        await this.#queue(() => this.#publishing.pass(work));
        return;
      case "auth":
      case "refresh":
      case "subscribe":
      case "unsubscribe":
        await this.#queue(() => this.#inOrder.pass(work));
        return;
    }
  }

  async #queue(work: () => Promise<void>): Promise<void> {
    this.#waiting++;
    if (this.#waiting === limits.framesWaitingMax) this.#session.socket.pause();
    await work();
    this.#waiting--;
    if (this.#waiting === limits.framesWaitingMax - 1) this.#session.socket.resume();
  }

  async #guard(work: () => Promise<void>, id: string | undefined): Promise<void> {
    if (!this.#session.isOpen) return;
    try {
      await work();
    } catch (error) {
      this.#tell(error, id);
    }
  }

  #isAllowed(): boolean {
    if (this.#allowance.take(this.#now())) return true;
    this.#refused++;
    const most = `${limits.frameBurstMax} at once and ${limits.framesPerSecond} a second`;
    const message = `This socket sends more frames than it may: ${most}.`;
    if (this.#refused > limits.framesRefusedMax) {
      this.#session.end("rate_limited", undefined, message);
    } else {
      this.#tell(new NovacoreError("rate_limited", message), undefined);
    }
    return false;
  }

  #tell(error: unknown, id: string | undefined): void {
    if (!this.#session.isOpen) return;
    if (error instanceof NovacoreError && error.code !== "internal") {
      this.#session.tellError(error, id);
      return;
    }
    this.#log.error({ err: error }, "a frame failed");
    const message = "The hub failed over this frame; its log says why.";
    this.#session.tellError(new NovacoreError("internal", message), id);
  }
}

function parse(bytes: Uint8Array, isBinary: boolean): Readonly<Record<string, unknown>> {
  if (isBinary) {
    throw new NovacoreError("malformed_request", "The frame is binary; send JSON in a text frame.");
  }
  const message = parseJson(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString());
  if (typeof message !== "object" || message === null || Array.isArray(message)) {
    throw new NovacoreError("malformed_request", "The frame is no JSON object.");
  }
  return { ...message };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new NovacoreError("malformed_request", `The frame is not JSON: ${reason}.`, { cause });
  }
}

/** So that the answer to a wrong frame says which it is about. */
function idOf({ id }: Readonly<Record<string, unknown>>): string | undefined {
  return typeof id === "string" && id.length <= 64 ? id : undefined;
}

function check(message: Readonly<Record<string, unknown>>): ClientFrame {
  if (frameCheck.Check(message)) return message;
  const { op } = message;
  const schema = typeof op === "string" ? schemas.get(op) : undefined;
  if (schema === undefined) {
    const shown = JSON.stringify(op)?.slice(0, 40) ?? "missing";
    const known = [...schemas.keys()].join(", ");
    throw new NovacoreError("op_unknown", `The op is ${shown}; a client may send ${known}.`);
  }
  assertShortLists(message);
  const details = Value.Errors(schema, message)
    .slice(0, detailsMax)
    .map(({ instancePath, message: fault }) => ({ path: instancePath, message: fault }));
  const [first] = details;
  const why = first && `${first.path || `A frame of op ${op}`} ${first.message}.`;
  throw new NovacoreError("validation_failed", why, { details });
}

/**
 * Finding out what is wrong with a list compares its items with one another: a frame full of ones
 * would stop the hub for seconds.
 */
function assertShortLists(message: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(message)) {
    if (!Array.isArray(value) || value.length <= limits.publishReadingsMax) continue;
    const fault = `has ${value.length} items, more than any list may have`;
    const path = `/${name.slice(0, 40)}`;
    const details = [{ path, message: fault }];
    throw new NovacoreError("validation_failed", `${path} ${fault}.`, { details });
  }
}

const frameCheck = Compile(Type.Union(Object.values(clientFrames)));
const schemas: ReadonlyMap<string, TSchema> = new Map(Object.entries(clientFrames));
const detailsMax = 16;
