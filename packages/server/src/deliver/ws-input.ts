import { type ClientFrame, clientFrames, NovacoreError } from "@novacore/protocol";
import { type TSchema, Type } from "typebox";
import { Compile } from "typebox/compile";
import { limits } from "../limits.ts";
import { Allowance } from "./allowance.ts";
import type { FeedLog } from "./feed.ts";
import { schemaFaults } from "./schema-faults.ts";
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
  #allowance: Allowance;
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
    // Whoever has not said who he is has little to say.
    this.#allowance = new Allowance(limits.strangerFramesMax, 1, this.#now());
  }

  /** The client has said who it is: it may send as much as any other. */
  admit(): void {
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
    if (this.#waiting === limits.framesWaitingMax) this.#session.socket.pause("frames");
    await work();
    this.#waiting--;
    if (this.#waiting === limits.framesWaitingMax - 1) this.#session.socket.resume("frames");
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
    const isStranger = this.#session.caller === undefined;
    const most = isStranger
      ? `${limits.strangerFramesMax} before it is authenticated`
      : `${limits.frameBurstMax} at once and ${limits.framesPerSecond} a second`;
    const message = `This socket sends more frames than it may: ${most}.`;
    if (isStranger || this.#refused > limits.framesRefusedMax) {
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
  const { op } = message;
  const schema = typeof op === "string" ? schemas.get(op) : undefined;
  if (schema === undefined) {
    const shown = typeof op === "string" ? JSON.stringify(op.slice(0, 40)) : `of type ${typeof op}`;
    const known = [...schemas.keys()].join(", ");
    throw new NovacoreError("op_unknown", `The op is ${shown}; a client may send ${known}.`);
  }
  assertPlain(message);
  if (frameCheck.Check(message)) return message;
  const details = schemaFaults(schema, message);
  const [first] = details;
  const why = first && `${first.path || `A frame of op ${op}`} ${first.message}.`;
  throw new NovacoreError("validation_failed", why, { details });
}

/**
 * What no frame has costs nothing to find out. The schemas would compare the items of a list with one
 * another, however many and however deep they are, and stop the hub for milliseconds a frame.
 */
function assertPlain(message: Readonly<Record<string, unknown>>): void {
  const members = Object.entries(message);
  if (members.length > membersMax) {
    const most = `${members.length} members, more than any frame has`;
    throw new NovacoreError("validation_failed", `The frame has ${most}.`);
  }
  for (const [name, value] of members) {
    if (typeof value !== "object" || value === null) continue;
    const fault = faultOf(name, value);
    if (fault === undefined) continue;
    const path = `/${name.slice(0, 40)}`;
    throw new NovacoreError("validation_failed", `${path} ${fault}.`, {
      details: [{ path, message: fault }],
    });
  }
}

function faultOf(name: string, value: object): string | undefined {
  if (!Array.isArray(value)) return "is an object, which no member is";
  const isReadings = name === "readings";
  const most = isReadings ? limits.publishReadingsMax : limits.streamSitesMax;
  if (value.length > most) return `has ${value.length} items; ${most} are allowed`;
  const isOfText = isReadings || value.every((item) => typeof item === "string");
  return isOfText ? undefined : "has items that are no text";
}

const membersMax = 32;
const frameCheck = Compile(Type.Union(Object.values(clientFrames)));
const schemas: ReadonlyMap<string, TSchema> = new Map(Object.entries(clientFrames));
