import { hintMostMs } from "./back-off.ts";
import { NovacoreError, toNovacoreError } from "./errors.ts";
import { readEventStream } from "./event-stream.ts";
import { type SseEvent, SseParser } from "./sse-parser.ts";

type Headers = Readonly<Record<string, string>>;

/** What the HTML Standard lets a caller say, and headers. */
export interface EventSourceInit {
  /** Sent with each request, or a function that gives them for the next one. */
  readonly headers?: Headers | (() => Headers | Promise<Headers>) | undefined;
  /** Sends cookies to other origins as well. */
  readonly withCredentials?: boolean | undefined;
}

/** The part of a MessageEvent that a stream sets. */
export interface StreamMessage extends Event {
  readonly data: string;
  readonly lastEventId: string;
  readonly origin: string;
}

const [connecting, open, closed] = [0, 1, 2] as const;
/** Until the server says otherwise (HTML Standard: a few seconds). */
const retryMsDefault = 3_000;
const retryMsMax = 60_000;
/** Whatever the server says, as in Firefox. */
const retryMsMin = 500;

/**
 * The browsers' EventSource (HTML Standard, 9.2) with headers, in browsers and Node. One difference:
 * an answer that passes, such as that of a hub which restarts (429, 5xx), is tried again as well.
 */
export class EventSource extends EventTarget {
  static readonly CONNECTING = connecting;
  static readonly OPEN = open;
  static readonly CLOSED = closed;
  readonly CONNECTING = connecting;
  readonly OPEN = open;
  readonly CLOSED = closed;

  readonly url: string;
  readonly withCredentials: boolean;
  onopen: ((event: Event) => void) | null = null;
  onmessage: ((event: StreamMessage) => void) | null = null;
  /** Called when the connection is lost and tried again, and when it is given up: see `readyState`. */
  onerror: ((event: Event) => void) | null = null;

  readonly #headers: NonNullable<EventSourceInit["headers"]>;
  readonly #abort = new AbortController();
  readonly #origin: string;
  #readyState: typeof connecting | typeof open | typeof closed = connecting;
  #lastEventId = "";
  #retryMs = retryMsDefault;
  /** Failures since it was open. */
  #failures = 0;

  /** Throws a SyntaxError for what is no URL, as the browsers' own does. */
  constructor(url: string | URL, { headers = {}, withCredentials = false }: EventSourceInit = {}) {
    super();
    const { href, origin } = parseUrl(url);
    this.url = href;
    this.#origin = origin;
    this.#headers = headers;
    this.withCredentials = withCredentials;
    void this.#run();
  }

  get readyState(): number {
    return this.#readyState;
  }

  /** Nothing is heard after this. */
  close(): void {
    this.#readyState = closed;
    this.#abort.abort();
  }

  async #run(): Promise<void> {
    // Whoever has made it gets to set its listeners first.
    await Promise.resolve();
    const { signal } = this.#abort;
    while (!signal.aborted) {
      let retryMs: number | undefined;
      try {
        await this.#connect();
      } catch (error) {
        if (signal.aborted) return;
        const passes = error instanceof NovacoreError && error.isRetryable;
        if (!passes) this.close();
        else retryMs = error.retryMs;
      }
      this.#tellError();
      if (!signal.aborted) await pause(Math.min(retryMs ?? this.#backOffMs(), hintMostMs), signal);
    }
  }

  async #connect(): Promise<void> {
    const given = await this.#giveHeaders();
    const lastEventId = this.#lastEventId;
    const parser = new SseParser(
      {
        onEvent: (event) => this.#event(event),
        onRetry: (milliseconds) => {
          this.#retryMs = Math.max(retryMsMin, milliseconds);
        },
      },
      lastEventId,
    );
    await readEventStream({
      url: new URL(this.url),
      headers: { ...given, ...(lastEventId !== "" && { "last-event-id": lastEventId }) },
      credentials: this.withCredentials ? "include" : "same-origin",
      signal: this.#abort.signal,
      parser,
      onOpen: () => this.#opened(),
      onPiece: async () => undefined,
    });
  }

  /** What could not be had now may be had later. */
  async #giveHeaders(): Promise<Headers> {
    try {
      return typeof this.#headers === "function" ? await this.#headers() : this.#headers;
    } catch (thrown) {
      throw toNovacoreError(thrown, "The headers");
    }
  }

  #opened(): void {
    if (this.#readyState === closed) return;
    this.#readyState = open;
    this.#failures = 0;
    this.#tell(new Event("open"), this.onopen);
  }

  #event({ event: type, data, lastEventId }: SseEvent): void {
    if (this.#readyState === closed) return;
    this.#lastEventId = lastEventId;
    if (data === undefined) return;
    const event = new MessageEvent(type, { data, lastEventId, origin: this.#origin });
    this.#tell(event, type === "message" ? this.onmessage : null);
  }

  #tellError(): void {
    if (this.#readyState === open) this.#readyState = connecting;
    this.#tell(new Event("error"), this.onerror);
  }

  #tell<E extends Event>(event: E, handler: ((event: E) => void) | null): void {
    this.dispatchEvent(event);
    try {
      handler?.call(this, event);
    } catch (error) {
      // The handler's own fault: reported as any, and no reason for the stream to end.
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  /** Doubled with each failure, and a little by chance: not all come back in the same moment. */
  #backOffMs(): number {
    const atMost = Math.min(retryMsMax, this.#retryMs * 2 ** Math.min(this.#failures++, 10));
    return Math.max(this.#retryMs, atMost) * (0.75 + Math.random() / 4);
  }
}

function parseUrl(url: string | URL): URL {
  // A page's own address, where there is a page.
  const location: unknown = Reflect.get(globalThis, "location");
  try {
    return new URL(url, location === undefined ? undefined : String(location));
  } catch {
    throw new DOMException(`${url} is no URL.`, "SyntaxError");
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener("abort", end);
  });
}
