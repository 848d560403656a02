import assert from "node:assert/strict";
import { test } from "node:test";
import {
  alarmMs,
  begin,
  type ConnectionAction,
  type ConnectionEvent,
  type ConnectionState,
  defaultTiming,
  type Now,
  next,
} from "./connection-state.ts";
import { NovacoreError } from "./errors.ts";

const openedMs = 1_000;
/** Late enough for the connections below to have held. */
const nowMs = 20_000;
const now: Now = { nowMs, random: 0.5, timing: defaultTiming };
const lost = new NovacoreError("connection_lost", "It is gone.");
const expired = new NovacoreError("token_expired", "It is over.");
const refused = new NovacoreError("forbidden", "No.");

const open = { attempt: 3, openedMs, silenceMs: 45_000, silentAtMs: 46_000 };
const states: { readonly [Kind in ConnectionState["kind"]]: ConnectionState & { kind: Kind } } = {
  connecting: { kind: "connecting", credential: "kept", attempt: 2, untilMs: nowMs + 1 },
  catching_up: { kind: "catching_up", ...open },
  live: { kind: "live", ...open },
  waiting: { kind: "waiting", attempt: 2, untilMs: nowMs + 1 },
  ended: { kind: "ended", error: undefined },
};

const reset = { reason: "cursor_expired", oldest: "o", newest: "n" } as const;
const events: { readonly [Kind in ConnectionEvent["kind"]]: ConnectionEvent & { kind: Kind } } = {
  opened: { kind: "opened", hasPast: true },
  heard: { kind: "heard" },
  held: { kind: "held" },
  caught_up: { kind: "caught_up" },
  reset: { kind: "reset", reset },
  expiring: { kind: "expiring" },
  expired: { kind: "expired", error: expired },
  lost: { kind: "lost", error: lost },
  refused: { kind: "refused", error: refused },
  online: { kind: "online" },
  tick: { kind: "tick" },
  stopped: { kind: "stopped" },
};

/** The next state's kind, then what is done: actions by name, notices by kind. */
type Row = `${ConnectionState["kind"]}:${string}`;

const table: Record<ConnectionState["kind"], Record<ConnectionEvent["kind"], Row>> = {
  connecting: {
    opened: "catching_up: connected",
    heard: "connecting:",
    held: "connecting:",
    caught_up: "connecting:",
    reset: "connecting:",
    expiring: "connecting:",
    expired: "connecting: disconnect connect-fresh",
    lost: "waiting: disconnect lost",
    refused: "ended: disconnect ended",
    online: "connecting:",
    tick: "connecting:",
    stopped: "ended: disconnect ended",
  },
  catching_up: {
    opened: "catching_up:",
    heard: "catching_up:",
    held: "catching_up:",
    caught_up: "live: caught_up",
    reset: "catching_up: reset",
    expiring: "catching_up: renew",
    expired: "connecting: lost disconnect connect-fresh",
    lost: "waiting: disconnect lost",
    refused: "ended: disconnect ended",
    online: "catching_up:",
    tick: "catching_up:",
    stopped: "ended: disconnect ended",
  },
  live: {
    opened: "live:",
    heard: "live:",
    held: "live:",
    caught_up: "live:",
    reset: "live: reset",
    expiring: "live: renew",
    expired: "connecting: lost disconnect connect-fresh",
    lost: "waiting: disconnect lost",
    refused: "ended: disconnect ended",
    online: "live:",
    tick: "live:",
    stopped: "ended: disconnect ended",
  },
  waiting: {
    opened: "waiting:",
    heard: "waiting:",
    held: "waiting:",
    caught_up: "waiting:",
    reset: "waiting:",
    expiring: "waiting:",
    expired: "waiting:",
    lost: "waiting:",
    refused: "waiting:",
    online: "connecting: connect-kept",
    tick: "waiting:",
    stopped: "ended: disconnect ended",
  },
  ended: {
    opened: "ended:",
    heard: "ended:",
    held: "ended:",
    caught_up: "ended:",
    reset: "ended:",
    expiring: "ended:",
    expired: "ended:",
    lost: "ended:",
    refused: "ended:",
    online: "ended:",
    tick: "ended:",
    stopped: "ended:",
  },
};

test("every event in every state leads where the table says", () => {
  for (const state of Object.values(states)) {
    for (const event of Object.values(events)) {
      const row = rowOf(next(state, event, now));
      assert.equal(row, table[state.kind][event.kind], `${event.kind} while ${state.kind}`);
    }
  }
});

test("a stream begins by connecting with the credential that it has", () => {
  assert.equal(rowOf(begin(now)), "connecting: connect-kept");
});

test("a connection without a past is live at once, and says so", () => {
  const step = next(states.connecting, { kind: "opened", hasPast: false }, now);
  assert.equal(rowOf(step), "live: connected caught_up");
});

test("a credential that is refused is renewed once, then the stream ends with the reason", () => {
  const error = new NovacoreError("unauthenticated", "No.");
  const second = next(states.connecting, events.expired, now).state;
  const { state } = next(second, { kind: "expired", error }, now);
  assert.deepEqual(state, { kind: "ended", error });
});

test("a newer credential that has ended on its way is followed by another one", () => {
  const second = next(states.connecting, events.expired, now).state;
  const step = next(second, events.expired, now);
  assert.equal(rowOf(step), "waiting: disconnect lost");
  const third = next(step.state, events.tick, { ...now, nowMs: alarmMs(step.state) });
  assert.equal(rowOf(third), "connecting: connect-kept");
});

test("credentials that are taken and refused at once are renewed once, then with the back-off", () => {
  let step = begin(now);
  const waitsMs: number[] = [];
  for (let nowMs = 0; waitsMs.length < 4; nowMs = alarmMs(step.state)) {
    if (step.state.kind === "waiting") step = next(step.state, events.tick, { ...now, nowMs });
    step = next(step.state, events.opened, { ...now, nowMs });
    step = next(step.state, events.expired, { ...now, nowMs });
    waitsMs.push(lostOf(step).retryInMs);
  }
  assert.deepEqual(waitsMs, [0, 750, 1_500, 3_000]);
});

test("a connection that is silent for three heartbeats is replaced", () => {
  const before = next(states.live, events.tick, { ...now, nowMs: 45_999 });
  assert.equal(rowOf(before), "live:");
  const after = next(states.live, events.tick, { ...now, nowMs: 46_000 });
  assert.equal(rowOf(after), "waiting: disconnect lost");
  assert.equal(lostOf(after).error.code, "connection_silent");
});

test("whatever is heard puts the watchdog off by the heartbeat that the hub promised", () => {
  const opening: ConnectionEvent = { kind: "opened", hasPast: false, silenceMs: 600 };
  const { state } = next(states.connecting, opening, now);
  assert.equal(alarmMs(state), nowMs + 600);
  const later = next(state, events.heard, { ...now, nowMs: nowMs + 500 }).state;
  assert.equal(alarmMs(later), nowMs + 1_100);
});

test("a consumer that holds the stream up is no silence, until it reads again", () => {
  const held = next(states.live, events.held, now).state;
  assert.equal(alarmMs(held), Number.POSITIVE_INFINITY);
  assert.equal(rowOf(next(held, events.tick, { ...now, nowMs: 1e9 })), "live:");
  const reading = next(held, events.heard, { ...now, nowMs: 1e9 }).state;
  assert.equal(alarmMs(reading), 1e9 + 45_000);
});

test("a connection that does not open in time is given up", () => {
  const step = next(states.connecting, events.tick, { ...now, nowMs: nowMs + 1 });
  assert.equal(rowOf(step), "waiting: disconnect lost");
});

test("who waits connects when the time has come", () => {
  const step = next(states.waiting, events.tick, { ...now, nowMs: nowMs + 1 });
  assert.equal(rowOf(step), "connecting: connect-kept");
});

test("waits double with each failure, up to the most, half of them by chance", () => {
  const waitOf = (attempt: number, random: number) =>
    lostOf(next({ ...states.connecting, attempt }, events.lost, { ...now, random })).retryInMs;
  assert.deepEqual(
    [0, 1, 2, 5, 6, 7, 1_000].map((attempt) => [waitOf(attempt, 0), waitOf(attempt, 1)]),
    [
      [250, 500],
      [500, 1_000],
      [1_000, 2_000],
      [8_000, 16_000],
      [15_000, 30_000],
      [15_000, 30_000],
      [15_000, 30_000],
    ],
  );
});

test("the hub's hint is the least, and chance comes on top of it", () => {
  const error = new NovacoreError("going_away", "Restarting.", { retryMs: 4_000 });
  const waitOf = (random: number) =>
    lostOf(next(states.live, { kind: "lost", error }, { ...now, random })).retryInMs;
  assert.deepEqual([waitOf(0), waitOf(1)], [4_000, 5_000]);
});

test("a hint of days is followed for ten minutes, and one that is no number not at all", () => {
  const waitOf = (text: string) => {
    const error = new NovacoreError("going_away", "Restarting.", { retryMs: JSON.parse(text) });
    return lostOf(next(states.live, { kind: "lost", error }, { ...now, random: 0 })).retryInMs;
  };
  assert.deepEqual(["999999000", '"soon"', "-1"].map(waitOf), [600_000, 250, 250]);
});

test("a connection that held begins the back-off anew, a short one goes on with it", () => {
  const attemptOf = (lostAtMs: number) => {
    const { state } = next(states.live, events.lost, { ...now, nowMs: lostAtMs });
    assert.equal(state.kind, "waiting");
    return state.kind === "waiting" ? state.attempt : undefined;
  };
  assert.equal(attemptOf(openedMs + defaultTiming.steadyMs - 1), 4);
  assert.equal(attemptOf(openedMs + defaultTiming.steadyMs), 1);
});

function rowOf({ state, actions }: ReturnType<typeof next>): string {
  return `${state.kind}:${actions.map(nameOf).join("")}`;
}

function nameOf(action: ConnectionAction): string {
  if (action.do === "connect") return ` connect-${action.credential}`;
  return action.do === "tell" ? ` ${action.notice.kind}` : ` ${action.do}`;
}

function lostOf({ actions }: ReturnType<typeof next>) {
  for (const action of actions) {
    if (action.do === "tell" && action.notice.kind === "lost") return action.notice;
  }
  return assert.fail("nothing was lost");
}
