import type { NatsConnection } from "@nats-io/nats-core";
import { NovacoreError } from "./errors.ts";
import { type LiveMessage, readLiveMessage } from "./live-message.ts";
import { subjectsOf } from "./nats-interest.ts";
import { logIn, natsTokenOf, readNatsLogin } from "./nats-login.ts";
import { type NatsWays, wayOf } from "./nats-way.ts";
import type { Credential, StreamSelection, StreamTarget } from "./transport.ts";

export type LiveSourceParts = NatsWays;

export interface LiveSourceWish {
  readonly target: StreamTarget;
  readonly selection: StreamSelection;
  readonly credential: Credential | undefined;
  /** Ends the connection; nothing is told after it. */
  readonly signal: AbortSignal;
  /** In the order of the stream, and each sequence higher than the one before. */
  readonly onMessage: (message: LiveMessage) => void;
  /** The connection answers, though it may bring nothing. */
  readonly onAlive: () => void;
  readonly onLost: (error: NovacoreError) => void;
}

export interface LiveSource {
  /** Readings come from here on. */
  subscribe(): void;
}

/** Logs in to NATS. Throws NovacoreError, or the signal's reason. */
export async function openLiveSource(
  parts: LiveSourceParts,
  wish: LiveSourceWish,
): Promise<LiveSource> {
  const { target, selection, signal, onAlive, onLost } = wish;
  const token = natsTokenOf(wish.credential);
  const login = await readNatsLogin(parts.baseUrl, token, signal);
  const nats = await logIn(wayOf(parts, login.urls), token, login);
  if (signal.aborted) await nats.close();
  signal.throwIfAborted();
  const alive = () => !signal.aborted && onAlive();
  // `closed` tells why it failed.
  const beat = setInterval(() => nats.flush().then(alive, () => undefined), heartbeatMs);
  signal.addEventListener("abort", () => {
    clearInterval(beat);
    void nats.close();
  });
  void nats.closed().then((reason) => {
    if (!signal.aborted) onLost(lostError(reason instanceof Error ? reason.message : "closed"));
  });
  return { subscribe: () => listen(nats, subjectsOf(login, target, selection), wish) };
}

function listen(
  nats: NatsConnection,
  subjects: readonly string[],
  { signal, onMessage, onLost }: LiveSourceWish,
): void {
  let heard = 0;
  for (const subject of subjects) {
    nats.subscribe(subject, {
      callback: (error, message) => {
        if (signal.aborted) return;
        const live = error === null ? readLiveMessage(message) : undefined;
        if (error !== null) {
          onLost(lostError(error.message));
        } else if (live !== undefined && live.sequence <= heard) {
          const what = `the stream went back from ${heard} to ${live.sequence}, so it is another one`;
          onLost(lostError(what));
        } else if (live !== undefined) {
          heard = live.sequence;
          onMessage(live);
        }
      },
    });
  }
}

/** As often as the hub's heartbeats. */
const heartbeatMs = 15_000;

function lostError(reason: string): NovacoreError {
  return new NovacoreError("connection_lost", `The NATS connection is over: ${reason}.`);
}
