import type { EnrichedReading } from "@novacore/protocol";
import { parseJson } from "./answer.ts";
import type { ResetNotice } from "./connection-state.ts";
import { NovacoreError, toNovacoreError } from "./errors.ts";
import { readEventStream } from "./event-stream.ts";
import { type SseEvent, SseParser } from "./sse-parser.ts";
import {
  type Arrival,
  type Connection,
  hubUrl,
  type Liveness,
  type Opening,
  type StreamSelection,
  type StreamTarget,
  type Transport,
} from "./transport.ts";

export interface SseTransportOptions {
  readonly baseUrl: string;
  /** The sites of devices or DERs: a path of SSE names sites, or an organization. */
  readonly findSites: (
    selection: StreamSelection,
    signal: AbortSignal,
  ) => Promise<readonly string[]>;
}

/** Server-Sent Events by fetch, with the token in a header and the cursor as Last-Event-ID. */
export function createSseTransport(options: SseTransportOptions): Transport {
  return { open: (opening) => new SseConnection(opening, options) };
}

class SseConnection implements Connection {
  readonly #opening: Opening;
  readonly #abort = new AbortController();
  #credit: number;
  /** Resumes reading; set while it is held up. */
  #release: (() => void) | undefined;
  #retryMs: number | undefined;
  /** The code that the hub gave for what seems to be the end. */
  #endCode: string | undefined;

  constructor(opening: Opening, options: SseTransportOptions) {
    this.#opening = opening;
    this.#credit = opening.credit;
    void this.#run(options).then(
      () => this.#end(this.#endError()),
      (thrown: unknown) => this.#end(toNovacoreError(thrown, "The stream failed")),
    );
  }

  allow(readings: number): void {
    this.#credit += readings;
    if (this.#credit < 1) return;
    this.#release?.();
    this.#release = undefined;
  }

  refresh(): void {
    // A request's header cannot be changed: the hub ends the stream when the token does, and the
    // next connection has the newer one.
  }

  close(): void {
    this.#abort.abort();
    this.#release?.();
  }

  async #run({ baseUrl, findSites }: SseTransportOptions): Promise<void> {
    const { signal } = this.#abort;
    const { selection, resumeFrom, credential } = this.#opening;
    let { target } = this.#opening;
    if (target.sites === undefined && target.org === undefined) {
      target = { sites: await findSites(selection, signal) };
    }
    const url = hubUrl(baseUrl, pathOf(target));
    for (const [name, value] of queryOf(selection, resumeFrom))
      url.searchParams.append(name, value);
    const headers: Record<string, string> = {};
    if (resumeFrom !== undefined) headers["last-event-id"] = resumeFrom;
    if (credential?.kind === "token") headers.authorization = `Bearer ${credential.token}`;
    if (credential?.kind === "ticket") url.searchParams.set("ticket", credential.ticket);
    const parser = new SseParser({
      onEvent: (event) => this.#event(event),
      onRetry: (milliseconds) => {
        this.#retryMs = milliseconds;
      },
    });
    const onOpen = () => this.#take({ kind: "opened" });
    await readEventStream({ url, headers, signal, parser, onOpen, onPiece: () => this.#pause() });
  }

  /** A piece that is not read stays in the sockets, and when they are full, at the hub. */
  async #pause(): Promise<void> {
    if (this.#credit < 1 && !this.#abort.signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#release = resolve;
      this.#take({ kind: "held" });
      await promise;
    }
    this.#take({ kind: "heard" });
  }

  #event({ event, data, lastEventId }: SseEvent): void {
    if (data === undefined) {
      if (lastEventId !== "") this.#take({ kind: "position", cursor: lastEventId });
      return;
    }
    switch (event) {
      case "message": {
        this.#credit--;
        const reading = parseJson<EnrichedReading>(data);
        this.#take({ kind: "readings", readings: [reading], cursor: lastEventId });
        break;
      }
      case "caught_up":
        this.#take({ kind: "caught_up", cursor: parseJson<{ cursor: string }>(data).cursor });
        break;
      case "reset":
        this.#take({ kind: "reset", reset: parseJson<ResetNotice>(data) });
        break;
      case "liveness":
        this.#take({ kind: "liveness", liveness: parseJson<Liveness>(data) });
        break;
      case "token_expiring":
        this.#take({ kind: "expiring" });
        break;
      default:
        this.#endCode = event;
    }
  }

  /** Always worth another request: if there is a refusal behind it, that is answered with it. */
  #endError(): NovacoreError {
    const retryMs = this.#retryMs;
    const code = this.#endCode ?? "connection_lost";
    const message = `The hub ended the stream${this.#endCode ? `: ${this.#endCode}` : ""}.`;
    return new NovacoreError(code, message, { retryMs, isRetryable: true });
  }

  #end(error: NovacoreError): void {
    this.#take({ kind: "closed", error });
    this.#abort.abort();
  }

  #take(arrival: Arrival): void {
    if (!this.#abort.signal.aborted) this.#opening.take(arrival);
  }
}

function pathOf({ sites = [], org }: StreamTarget): string {
  if (org !== undefined) return `stream/orgs/${encodeURIComponent(org)}`;
  const [only, ...others] = sites;
  if (only !== undefined && others.length === 0) return `stream/sites/${encodeURIComponent(only)}`;
  return `stream?site=${sites.map(encodeURIComponent).join(",")}`;
}

/** The selection as a query. A stream that resumes has its start in Last-Event-ID. */
function* queryOf(
  { since, cursor, snapshot, ...filters }: StreamSelection,
  resumeFrom: string | undefined,
): Generator<[string, string]> {
  const start = resumeFrom === undefined ? { since, cursor, snapshot } : {};
  for (const [name, value] of Object.entries({ ...filters, ...start, events: "all" })) {
    if (value !== undefined) yield [name, Array.isArray(value) ? value.join(",") : String(value)];
  }
}
