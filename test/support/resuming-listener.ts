import { createConditions } from "./conditions.ts";
import { type Listener, listen, type StreamEvent } from "./listener.ts";
import { type Frame, openSocket, type TestSocket } from "./socket.ts";

/** A listener as a careful client writes it: comes back with its cursor until it is closed. */
export interface ResumingListener {
  /** Every reading that arrived, over all connections, as `der_id:timestamp`, in order. */
  readonly ids: readonly string[];
  readonly connections: () => number;
  until(what: string, done: () => boolean): Promise<unknown>;
  close(): Promise<void>;
}

/** Between two tries, so that a hub that is down is not hammered. */
const retryMs = 100;

export function listenResuming(url: string, token: string): ResumingListener {
  const ids: string[] = [];
  const conditions = createConditions();
  let current: Listener | undefined;
  let closed = false;
  let connections = 0;
  let lastEventId: string | undefined;

  const onEvent = ({ id, event, data }: StreamEvent): void => {
    lastEventId = id ?? lastEventId;
    if (event !== "message") return;
    const { der_id, timestamp } = JSON.parse(data);
    ids.push(`${der_id}:${timestamp}`);
    conditions.changed();
  };
  const connectOnce = async (): Promise<void> => {
    current = await listen(url, { token, lastEventId, onEvent });
    connections += 1;
    await current.ended;
  };
  const running = (async () => {
    while (!closed) {
      await connectOnce().catch(ignoreEnd);
      if (!closed) await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
  })();
  return {
    ids,
    connections: () => connections,
    until: (what, done) => conditions.until(what, done),
    async close() {
      closed = true;
      await current?.close();
      await running;
    },
  };
}

/** The same over WebSocket: one subscription, which goes on from its own last cursor. */
export function socketResuming(
  url: string,
  token: string,
  subscription: { readonly since: number } & Record<string, unknown>,
): ResumingListener {
  const ids: string[] = [];
  const conditions = createConditions();
  let current: TestSocket | undefined;
  let closed = false;
  let connections = 0;
  let cursor: string | undefined;

  const onFrame = (frame: Frame): void => {
    if (frame.op === "heartbeat" || typeof frame.cursor !== "string") return;
    cursor = frame.cursor;
    const readings = frame.op === "reading" ? [frame.reading] : (frame.readings ?? []);
    for (const { der_id, timestamp } of readings) ids.push(`${der_id}:${timestamp}`);
    if (readings.length > 0) conditions.changed();
  };
  const connectOnce = async (): Promise<void> => {
    current = await openSocket(url, { token, onFrame });
    const { since, ...rest } = subscription;
    current.send({ op: "subscribe", id: "s", ...rest, ...(cursor ? { cursor } : { since }) });
    connections += 1;
    await current.ended;
  };
  const running = (async () => {
    while (!closed) {
      await connectOnce().catch(ignoreEnd);
      if (!closed) await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
  })();
  return {
    ids,
    connections: () => connections,
    until: (what, done) => conditions.until(what, done),
    async close() {
      closed = true;
      await current?.close();
      await running;
    },
  };
}

/** A refused connection and an ended stream are what this client is for: it comes back. */
function ignoreEnd(error: unknown): void {
  const expected = /ended|fetch failed|→ (503|502|401|429)|terminated|refused/;
  if (!(error instanceof Error) || !expected.test(error.message)) throw error;
}
