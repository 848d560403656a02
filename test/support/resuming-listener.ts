import { createConditions } from "./conditions.ts";
import { listen, type StreamEvent } from "./listener.ts";
import { type Frame, openSocket } from "./socket.ts";

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

/** Over SSE, by Last-Event-ID. */
export function listenResuming(url: string, token: string): ResumingListener {
  let lastEventId: string | undefined;
  return resuming((take) => {
    const onEvent = ({ id, event, data }: StreamEvent): void => {
      lastEventId = id ?? lastEventId;
      if (event === "message") take([JSON.parse(data)]);
    };
    return listen(url, { token, lastEventId, onEvent });
  });
}

/** Over WebSocket: one subscription, which goes on from its own last cursor. */
export function socketResuming(
  url: string,
  token: string,
  subscription: { readonly since: number } & Record<string, unknown>,
): ResumingListener {
  let cursor: string | undefined;
  return resuming(async (take) => {
    const onFrame = (frame: Frame): void => {
      if (frame.op === "heartbeat" || typeof frame.cursor !== "string") return;
      cursor = frame.cursor;
      take(frame.op === "reading" ? [frame.reading] : (frame.readings ?? []));
    };
    const socket = await openSocket(url, { token, onFrame });
    const { since, ...rest } = subscription;
    socket.send({ op: "subscribe", id: "s", ...rest, ...(cursor ? { cursor } : { since }) });
    return socket;
  });
}

interface Heard {
  readonly der_id: string;
  readonly timestamp: number;
}

interface Connection {
  readonly ended: Promise<unknown>;
  close(): Promise<void>;
}

/** `connect` opens a connection where the one before has stopped, and hands over what it hears. */
function resuming(
  connect: (take: (readings: readonly Heard[]) => void) => Promise<Connection>,
): ResumingListener {
  const ids: string[] = [];
  const conditions = createConditions();
  let current: Connection | undefined;
  let closed = false;
  let connections = 0;

  const take = (readings: readonly Heard[]): void => {
    for (const { der_id, timestamp } of readings) ids.push(`${der_id}:${timestamp}`);
    if (readings.length > 0) conditions.changed();
  };
  const connectOnce = async (): Promise<void> => {
    current = await connect(take);
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
