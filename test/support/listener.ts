import type { EnrichedReading } from "@novacore/protocol";
import { createParser } from "eventsource-parser";
import { type Condition, createConditions } from "./conditions.ts";

/** One event of a stream, as a client gets it. */
export interface StreamEvent {
  readonly id: string | undefined;
  /** `message` for readings, else the name of a control event. */
  readonly event: string;
  readonly data: string;
}

export interface Listener {
  readonly events: readonly StreamEvent[];
  readonly comments: readonly string[];
  /** The readings among the events, parsed. */
  readings(): EnrichedReading[];
  /** The last `id:` seen: where a next listener resumes. */
  lastEventId(): string | undefined;
  /** Waits until `found` answers something; fails when the stream ends first. */
  until: Condition;
  /** Resolves when the stream has ended, from whichever side. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

export interface ListenOptions {
  readonly token?: string;
  readonly lastEventId?: string | undefined;
  /** Called with each event, as it arrives. */
  readonly onEvent?: (event: StreamEvent) => void;
}

/** Opens an SSE stream as a plain HTTP client does; throws with the answer when it is refused. */
export async function listen(url: string, options: ListenOptions = {}): Promise<Listener> {
  const abort = new AbortController();
  const headers: Record<string, string> = { accept: "text/event-stream" };
  if (options.token !== undefined) headers.authorization = `Bearer ${options.token}`;
  if (options.lastEventId !== undefined) headers["last-event-id"] = options.lastEventId;
  const response = await fetch(url, { headers, signal: abort.signal });
  if (response.status !== 200 || response.body === null) {
    throw new Error(`GET ${new URL(url).pathname} → ${response.status} ${await response.text()}`);
  }

  const events: StreamEvent[] = [];
  const comments: string[] = [];
  const conditions = createConditions();
  const parser = createParser({
    onEvent({ id, event = "message", data }) {
      const received = { id, event, data };
      events.push(received);
      options.onEvent?.(received);
    },
    onComment(comment) {
      comments.push(comment);
    },
  });
  const ended = read(response.body, abort.signal, (text) => {
    parser.feed(text);
    conditions.changed();
  }).finally(() => conditions.fail(new Error(`the stream ended after ${events.length} events`)));

  return {
    events,
    comments,
    readings: () =>
      events.filter(({ event }) => event === "message").map(({ data }) => JSON.parse(data)),
    lastEventId: () => events.findLast(({ id }) => id !== undefined)?.id,
    until: conditions.until,
    ended,
    async close() {
      abort.abort();
      await ended;
    },
  };
}

async function read(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
  onText: (text: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  try {
    for await (const chunk of body) onText(decoder.decode(chunk, { stream: true }));
  } catch (cause) {
    // A cut connection ends a stream as a close does; what was missed is for the test to find.
    if (!signal.aborted && !(cause instanceof TypeError)) throw cause;
  }
}
