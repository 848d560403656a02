import type { ServerFrame } from "@novacore/protocol";
import { type BackOff, backOffMs } from "./back-off.ts";
import { NovacoreError } from "./errors.ts";

/**
 * The life of a stream's connection, as a pure function: what happened goes in with the time and a
 * random number, the next state and what is to be done come out. Whoever drives it owns the sockets
 * and timers, and knows neither back-off nor watchdog.
 */
export type ConnectionState =
  /** A connection is being opened; given up at `untilMs`. */
  | {
      readonly kind: "connecting";
      /** `fresh`: the credential was refused, and a newer one is tried. */
      readonly credential: "kept" | "fresh";
      readonly attempt: number;
      readonly untilMs: number;
    }
  /** Open; what was asked of the past is coming. */
  | ({ readonly kind: "catching_up" } & Open)
  /** Open; what comes is new. */
  | ({ readonly kind: "live" } & Open)
  /** Not connected; tried again at `untilMs`. */
  | { readonly kind: "waiting"; readonly attempt: number; readonly untilMs: number }
  /** For good; with an error unless the consumer wanted it so. */
  | { readonly kind: "ended"; readonly error: NovacoreError | undefined };

interface Open {
  /** Tries that failed before it, for the back-off should it not hold. */
  readonly attempt: number;
  readonly openedMs: number;
  /** So long a silence means that the connection is lost. */
  readonly silenceMs: number;
  /** When that is the case; Infinity while the consumer is slow and nothing is read. */
  readonly silentAtMs: number;
}

export type ResetNotice = Omit<ServerFrame<"reset">, "op" | "id">;

export type ConnectionEvent =
  /** The hub has taken the connection. `silenceMs`: by the heartbeat that it promised. */
  | { readonly kind: "opened"; readonly hasPast: boolean; readonly silenceMs?: number | undefined }
  /** Something came, a heartbeat at least. */
  | { readonly kind: "heard" }
  /** Nothing is read until the consumer has dealt with what came. */
  | { readonly kind: "held" }
  | { readonly kind: "caught_up" }
  | { readonly kind: "reset"; readonly reset: ResetNotice }
  /** The credential ends within a minute. */
  | { readonly kind: "expiring" }
  /** The credential is not good any more. */
  | { readonly kind: "expired"; readonly error: NovacoreError }
  /** The connection ended, or could not be opened. */
  | { readonly kind: "lost"; readonly error: NovacoreError }
  /** The hub said no, and would again. */
  | { readonly kind: "refused"; readonly error: NovacoreError }
  /** The machine has a network again. */
  | { readonly kind: "online" }
  /** The time of `alarmMs` has come, or another one. */
  | { readonly kind: "tick" }
  /** The consumer wants no more. */
  | { readonly kind: "stopped" };

/** What a consumer is told about its connection. */
export type ConnectionNotice =
  | { readonly kind: "connected" }
  /** The connection, and not the source: what is missed meanwhile comes after `connected`. */
  | { readonly kind: "lost"; readonly error: NovacoreError; readonly retryInMs: number }
  /** Live from here. */
  | { readonly kind: "caught_up" }
  /** Readings may be missing before this: the position is not in the stream any more. */
  | ({ readonly kind: "reset" } & ResetNotice)
  | { readonly kind: "ended"; readonly error: NovacoreError | undefined };

export type ConnectionAction =
  | { readonly do: "connect"; readonly credential: "kept" | "fresh" }
  | { readonly do: "disconnect" }
  /** Get a newer credential, and hand it to the open connection if that can take one. */
  | { readonly do: "renew" }
  | { readonly do: "tell"; readonly notice: ConnectionNotice };

/** Time-outs and back-off of streams. */
export interface Timing extends BackOff {
  /** How long a connection may take to open: a slow mobile network, twice. */
  readonly connectMs: number;
  /** Three heartbeats of the hub's 15 s, unless the hub promised others. */
  readonly silenceMs: number;
  /** A connection that held so long was a good one: the back-off begins anew. */
  readonly steadyMs: number;
}

export const defaultTiming: Timing = {
  connectMs: 20_000,
  silenceMs: 45_000,
  steadyMs: 10_000,
  backoffMs: 500,
  backoffMostMs: 30_000,
};

export interface Now {
  /** Of a clock that never jumps. */
  readonly nowMs: number;
  /** From 0 to 1. */
  readonly random: number;
  readonly timing: Timing;
}

export interface Step {
  readonly state: ConnectionState;
  readonly actions: readonly ConnectionAction[];
}

/** The first step of a stream. */
export function begin(now: Now): Step {
  return connect(0, "kept", now);
}

export function next(state: ConnectionState, event: ConnectionEvent, now: Now): Step {
  switch (state.kind) {
    case "connecting":
      return nextConnecting(state, event, now);
    case "catching_up":
    case "live":
      return nextOpen(state, event, now);
    case "waiting": {
      const isDue =
        event.kind === "online" || (event.kind === "tick" && now.nowMs >= state.untilMs);
      if (event.kind === "stopped") return end(undefined);
      return isDue ? connect(state.attempt, "kept", now) : stay(state);
    }
    case "ended":
      return stay(state);
  }
}

/** When a `tick` is due next; Infinity: never. */
export function alarmMs(state: ConnectionState): number {
  switch (state.kind) {
    case "connecting":
    case "waiting":
      return state.untilMs;
    case "catching_up":
    case "live":
      return state.silentAtMs;
    case "ended":
      return Number.POSITIVE_INFINITY;
  }
}

type StateOf<Kind extends ConnectionState["kind"]> = Extract<ConnectionState, { kind: Kind }>;

function nextConnecting(state: StateOf<"connecting">, event: ConnectionEvent, now: Now): Step {
  switch (event.kind) {
    case "opened": {
      const { nowMs, timing } = now;
      const { hasPast, silenceMs = timing.silenceMs } = event;
      const silentAtMs = nowMs + silenceMs;
      const open = { attempt: state.attempt, openedMs: nowMs, silenceMs, silentAtMs };
      const actions = [tell({ kind: "connected" })];
      if (hasPast) return { state: { kind: "catching_up", ...open }, actions };
      return {
        state: { kind: "live", ...open },
        actions: [...actions, tell({ kind: "caught_up" })],
      };
    }
    case "expired":
      if (state.credential === "kept") return again(connect(state.attempt, "fresh", now));
      // It has ended on its way, as where the machine slept after it was asked for.
      if (event.error.code === "token_expired") return wait(event.error, state.attempt, now);
      // A newer one was refused as well: trying again and again would change nothing.
      return end(event.error);
    case "lost":
      return wait(event.error, state.attempt, now);
    case "refused":
      return end(event.error);
    case "tick":
      if (now.nowMs < state.untilMs) return stay(state);
      return wait(silent("The hub did not answer in time."), state.attempt, now);
    case "heard":
    case "held":
    case "caught_up":
    case "reset":
    case "expiring":
    case "online":
      return stay(state);
    case "stopped":
      return end(undefined);
  }
}

function nextOpen(
  state: StateOf<"catching_up"> | StateOf<"live">,
  event: ConnectionEvent,
  now: Now,
): Step {
  const heard = { ...state, silentAtMs: now.nowMs + state.silenceMs };
  switch (event.kind) {
    case "heard":
      return stay(heard);
    case "held":
      return stay({ ...state, silentAtMs: Number.POSITIVE_INFINITY });
    case "caught_up":
      if (state.kind === "live") return stay(heard);
      return { state: { ...heard, kind: "live" }, actions: [tell({ kind: "caught_up" })] };
    case "reset":
      return { state: heard, actions: [tell({ kind: "reset", ...event.reset })] };
    case "expiring":
      return { state: heard, actions: [{ do: "renew" }] };
    case "expired": {
      const attempt = attemptAfter(state, now);
      // Not at once again where it was so just now: a newer one is refused as well.
      if (attempt > 0) return wait(event.error, attempt, now);
      const lost = tell({ kind: "lost", error: event.error, retryInMs: 0 });
      const step = again(connect(1, "fresh", now));
      return { ...step, actions: [lost, ...step.actions] };
    }
    case "lost":
      return wait(event.error, attemptAfter(state, now), now);
    case "refused":
      return end(event.error);
    case "tick": {
      if (now.nowMs < state.silentAtMs) return stay(state);
      const error = silent(`Nothing came for ${state.silenceMs} ms, not even a heartbeat.`);
      return wait(error, attemptAfter(state, now), now);
    }
    case "opened":
    case "online":
      return stay(state);
    case "stopped":
      return end(undefined);
  }
}

/** The next failure counts as the first one after a connection that held. */
function attemptAfter({ attempt, openedMs }: Open, { nowMs, timing }: Now): number {
  return nowMs - openedMs >= timing.steadyMs ? 0 : attempt;
}

function stay(state: ConnectionState): Step {
  return { state, actions: [] };
}

function connect(attempt: number, credential: "kept" | "fresh", { nowMs, timing }: Now): Step {
  return {
    state: { kind: "connecting", credential, attempt, untilMs: nowMs + timing.connectMs },
    actions: [{ do: "connect", credential }],
  };
}

function again(step: Step): Step {
  return { ...step, actions: [{ do: "disconnect" }, ...step.actions] };
}

function wait(error: NovacoreError, attempt: number, now: Now): Step {
  const retryInMs = backOffMs(error.retryMs, attempt, now);
  return {
    state: { kind: "waiting", attempt: attempt + 1, untilMs: now.nowMs + retryInMs },
    actions: [{ do: "disconnect" }, tell({ kind: "lost", error, retryInMs })],
  };
}

function end(error: NovacoreError | undefined): Step {
  return {
    state: { kind: "ended", error },
    actions: [{ do: "disconnect" }, tell({ kind: "ended", error })],
  };
}

function tell(notice: ConnectionNotice): ConnectionAction {
  return { do: "tell", notice };
}

function silent(message: string): NovacoreError {
  return new NovacoreError("connection_silent", message);
}
