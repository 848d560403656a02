import type { ClientFrame, EnrichedReading, ServerFrame } from "@novacore/protocol";
import { parseJson } from "./answer.ts";
import { NovacoreError } from "./errors.ts";
import {
  type Arrival,
  type Connection,
  type Credential,
  hubUrl,
  type Opening,
  type Transport,
} from "./transport.ts";

/** `novacore.v1`, one subscription a socket. The credential goes in the first frame. */
export function createWebSocketTransport(options: { readonly baseUrl: string }): Transport {
  const url = hubUrl(options.baseUrl, "ws");
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return { open: (opening) => new WebSocketConnection(url, opening) };
}

/** The one subscription's name on its socket. */
const id = "s";

class WebSocketConnection implements Connection {
  readonly #opening: Opening;
  readonly #socket: WebSocket;
  #silenceMs: number | undefined;
  #lastError: NovacoreError | undefined;
  #state: "opening" | "subscribed" | "closed" = "opening";
  #isOpen = false;
  #credit: number;

  constructor(url: URL, opening: Opening) {
    this.#opening = opening;
    this.#credit = opening.credit;
    const socket = new WebSocket(url, "novacore.v1");
    this.#socket = socket;
    socket.onopen = () => this.#begin();
    socket.onmessage = ({ data }) => this.#message(String(data));
    socket.onclose = ({ code, reason }) => this.#end(this.#closeError(code, reason));
  }

  allow(readings: number): void {
    if (this.#state !== "subscribed") return;
    this.#credit += readings;
    this.#send({ op: "credit", n: readings });
  }

  refresh(credential: Credential): void {
    if (this.#state === "subscribed") this.#send({ op: "refresh", ...wireOf(credential) });
  }

  close(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    const socket = this.#socket;
    socket.onopen = null;
    socket.onmessage = null;
    socket.onclose = null;
    socket.close();
  }

  /** All in one go: what comes behind `auth` waits for it, and a round trip is saved. */
  #begin(): void {
    this.#isOpen = true;
    const { target, selection, resumeFrom, batchMs, credential, credit } = this.#opening;
    if (credential !== undefined) this.#send({ op: "auth", ...wireOf(credential) });
    this.#send({ op: "credit", n: credit });
    const { since, cursor, snapshot, ...filters } = selection;
    const start = resumeFrom === undefined ? { since, cursor, snapshot } : { cursor: resumeFrom };
    const { sites, org } = target;
    const about = { sites: sites && [...sites], org, batch_ms: batchMs };
    // JSON leaves out what is undefined; the frame's type does not allow it to be there.
    this.#socket.send(JSON.stringify({ op: "subscribe", id, ...about, ...filters, ...start }));
  }

  #message(text: string): void {
    if (this.#state === "closed") return;
    try {
      this.#frame(parseJson(text));
    } catch (cause) {
      this.#end(brokenError("A frame is none that a hub sends.", cause));
    }
    if (this.#state === "subscribed") this.#take({ kind: "heard" });
  }

  #frame(frame: ServerFrame): void {
    switch (frame.op) {
      case "hello":
        // Another one than a hub's is as good as none.
        if (frame.heartbeat_ms > 0) this.#silenceMs = 3 * frame.heartbeat_ms;
        break;
      case "subscribed": {
        this.#state = "subscribed";
        const silenceMs = this.#silenceMs;
        this.#take({ kind: "opened", ...(silenceMs !== undefined && { silenceMs }) });
        this.#take({ kind: "position", cursor: frame.cursor });
        break;
      }
      case "reading":
        this.#readings([frame.reading], frame.cursor);
        break;
      case "readings":
        this.#readings(frame.readings, frame.cursor);
        break;
      case "caught_up":
        this.#take({ kind: "caught_up", cursor: frame.cursor });
        break;
      case "reset":
        this.#reset(frame);
        break;
      case "liveness": {
        const { op: _op, id: _id, ...liveness } = frame;
        this.#take({ kind: "liveness", liveness });
        break;
      }
      case "token_expiring":
        this.#take({ kind: "expiring" });
        break;
      case "error":
        this.#error(frame);
        break;
      case "authenticated":
      case "unsubscribed":
      case "ack":
      case "heartbeat":
      case "pong":
        break;
    }
  }

  /** Only as many as were asked for: what is beyond that would fill the memory. */
  #readings(readings: readonly EnrichedReading[], cursor: string): void {
    this.#credit -= readings.length;
    if (this.#credit >= 0) this.#take({ kind: "readings", readings, cursor });
    else this.#end(brokenError("The hub sent more readings than it was allowed."));
  }

  /** The frame says by its reason where the subscription goes on; no position follows. */
  #reset({ reason, oldest, newest }: ServerFrame<"reset">): void {
    this.#take({ kind: "reset", reset: { reason, oldest, newest } });
    const cursor = reason === "cursor_expired" ? oldest : newest;
    this.#take({ kind: "position", cursor });
  }

  /** About the subscription it ends it; about the socket, a close may follow, or none. */
  #error({ id: about, code, message, details, retry_ms: retryMs }: ServerFrame<"error">): void {
    if (typeof code !== "string") throw new TypeError("The error has no code.");
    const error = new NovacoreError(code, message, { details, retryMs });
    if (about === id) this.#end(error);
    else this.#lastError = error;
  }

  #closeError(closeCode: number, reason: string): NovacoreError {
    const isRetryable = closeCode < 4_500 && !brokenCodes.has(closeCode);
    const [code = ""] = reason.split(" ", 1);
    const told = this.#lastError;
    if (told?.code === code) {
      const { message, details, retryMs } = told;
      return new NovacoreError(told.code, message, { details, retryMs, isRetryable });
    }
    if (!this.#isOpen && closeCode === closedAbnormally) {
      return new NovacoreError("unreachable", `${this.#socket.url} cannot be reached.`);
    }
    const message = `The connection was closed with ${closeCode}${reason && `: ${reason}`}.`;
    return new NovacoreError(code || "connection_lost", message, { isRetryable });
  }

  #end(error: NovacoreError): void {
    this.#take({ kind: "closed", error });
    this.close();
  }

  #send(frame: ClientFrame): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  #take(arrival: Arrival): void {
    if (this.#state !== "closed") this.#opening.take(arrival);
  }
}

/** RFC 6455: what a socket says that ended without a close frame. */
const closedAbnormally = 1006;
/** RFC 6455: this client broke the protocol, and would again. */
const brokenCodes: ReadonlySet<number> = new Set([1002, 1007, 1008, 1009]);

/** It may do better on another connection. */
function brokenError(message: string, cause?: unknown): NovacoreError {
  return new NovacoreError("answer_invalid", message, { cause, isRetryable: true });
}

function wireOf(credential: Credential): { readonly token: string } | { readonly ticket: string } {
  return credential.kind === "token" ? { token: credential.token } : { ticket: credential.ticket };
}
