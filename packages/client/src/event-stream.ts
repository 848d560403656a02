import { errorOfAnswer } from "./answer.ts";
import { NovacoreError, toNovacoreError } from "./errors.ts";
import type { SseParser } from "./sse-parser.ts";

export interface EventStreamOptions {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** `include` sends cookies to other origins as well. */
  readonly credentials?: RequestInit["credentials"];
  readonly signal: AbortSignal;
  readonly parser: Pick<SseParser, "feed">;
  readonly onOpen: () => void;
  /** After each piece that was parsed; the next one is read once this has resolved. */
  readonly onPiece: () => Promise<void> | undefined;
}

/**
 * Reads an event stream to its end: by fetch, since an EventSource can send no header. Throws a
 * NovacoreError for a refusal and for a connection that breaks.
 */
export async function readEventStream(options: EventStreamOptions): Promise<void> {
  const { url, headers, credentials, signal, parser, onOpen, onPiece } = options;
  const name = `GET ${url.pathname}`;
  const response = await fetch(url, {
    headers: { accept: "text/event-stream", ...headers },
    cache: "no-store",
    ...(credentials !== undefined && { credentials }),
    signal,
  }).catch((thrown: unknown) => {
    throw toNovacoreError(thrown, name);
  });
  if (!response.ok) throw await errorOfAnswer(response, name);
  const type = response.headers.get("content-type") ?? "";
  if (response.body === null || !type.startsWith("text/event-stream")) {
    await response.body?.cancel();
    // A captive portal answers 200 as well, until somebody has logged in to it.
    const message = `${name} was answered with ${type || "nothing"}, and not with a stream.`;
    throw new NovacoreError("answer_invalid", message, { isRetryable: true });
  }
  onOpen();
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const { done, value } = await readPiece(reader);
      if (done) return;
      parser.feed(decoder.decode(value, { stream: true }));
      await onPiece();
    }
  } finally {
    // A stream that is not read to its end would keep its connection.
    await reader.cancel().catch(() => undefined);
  }
}

async function readPiece(reader: ReadableStreamDefaultReader<Uint8Array>) {
  try {
    return await reader.read();
  } catch (cause) {
    throw new NovacoreError("connection_lost", "The connection broke.", { cause });
  }
}
