import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { NovacoreError } from "./errors.ts";
import { FakeHub, readingAt, readingsAt } from "./fake-hub.ts";
import { ReadingStream, type StreamEvent } from "./reading-stream.ts";
import { type ReadingsOptions, toWish } from "./stream-wish.ts";
import type { Liveness } from "./transport.ts";

const opened = { kind: "opened" } as const;
const lost = {
  kind: "closed",
  error: new NovacoreError("connection_lost", "It is gone."),
} as const;

function start(options: ReadingsOptions = {}, token?: string | (() => string)) {
  const hub = new FakeHub(token);
  const stream = new ReadingStream(toWish({ sites: ["s"] }, options), hub.parts);
  const events: StreamEvent[] = [];
  stream.onEvent((event) => events.push(event));
  const kinds = () => events.map(({ kind }) => kind);
  const timestamp = async () => (await stream.next()).value?.timestamp;
  const take = async (count: number) => {
    const taken: (number | undefined)[] = [];
    while (taken.length < count) taken.push(await timestamp());
    return taken;
  };
  return { hub, stream, events, kinds, timestamp, take };
}

test("nothing is opened before the first reading is asked for", async () => {
  const { hub, stream, timestamp } = start();
  assert.deepEqual([hub.openings.length, stream.state], [0, undefined]);
  const first = timestamp();
  const arrive = await hub.connection(1);
  assert.equal(stream.state, "connecting");
  arrive(opened, readingsAt(1));
  assert.equal(await first, 1);
  assert.equal(stream.state, "live");
  stream.close();
});

test("a lost connection comes back behind what arrived, and copies are dropped", async () => {
  const { hub, stream, take, timestamp, kinds } = start({ since: 0 });
  const first = take(2);
  const arrive = await hub.connection(1);
  arrive(opened, { kind: "position", cursor: "c0" }, readingsAt(1), readingsAt(2), lost);
  assert.deepEqual(await first, [1, 2]);
  assert.equal(stream.state, "waiting");
  const next = timestamp();
  hub.clock.advance(250);
  const again = await hub.connection(2);
  assert.equal(hub.openings[1]?.resumeFrom, "c2");
  again(opened, readingsAt(2), readingsAt(3), { kind: "caught_up", cursor: "c3" });
  assert.equal(await next, 3);
  const end = timestamp();
  assert.deepEqual(kinds(), ["connected", "lost", "connected", "caught_up"]);
  stream.close();
  assert.equal(await end, undefined);
});

test("what a former connection still says is not heard", async () => {
  const { hub, stream, take } = start();
  const taken = take(1);
  const former = await hub.connection(1);
  former(opened, lost);
  hub.clock.advance(250);
  const arrive = await hub.connection(2);
  former(readingsAt(1), lost);
  arrive(opened, readingsAt(2));
  assert.deepEqual(await taken, [2]);
  assert.equal(stream.state, "live");
  stream.close();
});

test("the cursor is that of the reading which was handed out last", async () => {
  const { hub, stream, take } = start({ cursor: "mine" });
  assert.equal(stream.cursor, "mine");
  const first = take(1);
  const arrive = await hub.connection(1);
  arrive(opened, readingsAt(1), readingsAt(2, 3), readingsAt(3));
  assert.deepEqual([await first, stream.cursor], [[1], "c1"]);
  assert.deepEqual([await take(1), stream.cursor], [[2], "c1"], "its frame is not done");
  assert.deepEqual([await take(1), stream.cursor], [[3], "c3"]);
  stream.close();
});

test("caught_up and reset are told behind the readings before them, once those are dealt with", async () => {
  const { hub, stream, take, kinds } = start({ since: 0 });
  const first = take(1);
  const arrive = await hub.connection(1);
  const reset = { reason: "cursor_expired", oldest: "o", newest: "n" } as const;
  arrive(opened, { kind: "reset", reset }, readingsAt(1), { kind: "caught_up", cursor: "c1" });
  await first;
  assert.deepEqual(kinds(), ["connected", "reset"]);
  void stream.next();
  assert.deepEqual(kinds(), ["connected", "reset", "caught_up"]);
  stream.close();
});

test("a snapshot that was cut off is asked for again, and what follows it is resumed", async () => {
  const { hub, stream, timestamp } = start({ snapshot: true });
  void timestamp();
  (await hub.connection(1))(opened, { kind: "position", cursor: "c9" }, readingsAt(1), lost);
  hub.clock.advance(250);
  const second = await hub.connection(2);
  assert.equal(hub.openings[1]?.resumeFrom, undefined);
  assert.equal(hub.openings[1]?.selection.snapshot, true);
  second(opened, readingsAt(1), { kind: "caught_up", cursor: "c9" }, lost);
  hub.clock.advance(2_000);
  await hub.connection(3);
  assert.equal(hub.openings[2]?.resumeFrom, "c9");
  stream.close();
});

test("the hub may send what the consumer has dealt with, half a queue at a time", async () => {
  const { hub, stream, take } = start({ queueMax: 4 });
  const first = take(1);
  const arrive = await hub.connection(1);
  assert.equal(hub.openings[0]?.credit, 4);
  arrive(opened, readingsAt(1), readingsAt(2), readingsAt(3), readingsAt(4));
  await first;
  assert.equal(hub.allowed, 0);
  await take(1);
  assert.equal(hub.allowed, 2);
  arrive(readingsAt(4), readingsAt(4));
  assert.equal(hub.allowed, 4, "copies cost the consumer nothing");
  arrive(lost);
  hub.clock.advance(250);
  await hub.connection(2);
  assert.equal(hub.openings[1]?.credit, 2, "two wait for the consumer");
  stream.close();
});

test("readings are given by timestamp within the window, and the cursor waits for all", async () => {
  const { hub, stream, take } = start({ reorderMs: 100 });
  const taken = take(3);
  const arrive = await hub.connection(1);
  arrive(opened, readingsAt(3), readingsAt(1), readingsAt(2));
  hub.clock.advance(99);
  assert.equal(stream.cursor, undefined);
  hub.clock.advance(1);
  assert.deepEqual(await taken, [1, 2, 3]);
  assert.equal(stream.cursor, "c2", "that of what arrived last");
  stream.close();
});

test("a refusal is thrown once, behind what came before it", async () => {
  const { hub, stream, take, timestamp } = start();
  const first = take(1);
  const error = new NovacoreError("not_found", "There is no such site.");
  (await hub.connection(1))(opened, readingsAt(1), readingsAt(2), { kind: "closed", error });
  assert.deepEqual(await first, [1]);
  assert.deepEqual(await take(1), [2]);
  await assert.rejects(stream.next(), error);
  assert.equal(await timestamp(), undefined);
});

test("an expired token is renewed, and with no way to do so it is the end", async () => {
  const error = new NovacoreError("token_expired", "It is over.");
  let tokens = 0;
  const renewing = start({}, () => `token-${++tokens}`);
  void renewing.stream.next();
  (await renewing.hub.connection(1))(opened, { kind: "closed", error });
  await renewing.hub.connection(2);
  assert.deepEqual(
    renewing.hub.openings.map(({ credential }) => credential),
    [
      { kind: "token", token: "token-1" },
      { kind: "token", token: "token-2" },
    ],
  );
  renewing.stream.close();

  const fixed = start();
  const next = fixed.stream.next();
  (await fixed.hub.connection(1))(opened, { kind: "closed", error });
  await assert.rejects(next, error);
});

test("a token about to end is renewed on the open connection", async () => {
  let tokens = 0;
  const { hub, stream } = start({}, () => `token-${++tokens}`);
  void stream.next();
  (await hub.connection(1))(opened, { kind: "expiring" });
  while (hub.refreshes.length === 0) await Promise.resolve();
  assert.deepEqual(hub.refreshes, [{ kind: "token", token: "token-2" }]);
  assert.equal(hub.openings.length, 1);
  stream.close();
});

test("a source without data and a lost connection are different events", async () => {
  const { hub, stream, events } = start();
  void stream.next();
  const liveness: Liveness = {
    ...{ site_id: "s", device_id: "d", der_id: "der", age_ms: 90_000 },
    state: "offline",
    why: "device_silent",
  };
  (await hub.connection(1))(opened, { kind: "liveness", liveness }, lost);
  const told = events.filter(({ kind }) => kind === "liveness" || kind === "lost");
  assert.deepEqual(told, [
    { kind: "liveness", ...liveness },
    { kind: "lost", error: lost.error, retryInMs: 250 },
  ]);
  stream.close();
});

test("only the types that were asked for come, whatever the hub sends", async () => {
  const { hub, stream, take } = start({ types: ["meter"] });
  const taken = take(1);
  const readings = [readingAt(1, "pv"), readingAt(2, "meter")];
  (await hub.connection(1))(opened, { kind: "readings", readings, cursor: "c2" });
  assert.deepEqual(await taken, [2]);
  stream.close();
});

test("nothing is left open, however a stream ends", async () => {
  const ways: Record<string, (stream: ReadingStream, abort: AbortController) => unknown> = {
    close: (stream) => stream.close(),
    return: (stream) => stream.return(),
    dispose: (stream) => stream[Symbol.asyncDispose](),
    abort: (_stream, abort) => abort.abort(),
  };
  for (const [name, end] of Object.entries(ways)) {
    const abort = new AbortController();
    const { hub, stream, kinds } = start({ reorderMs: 50, signal: abort.signal });
    const states = kindsOf(stream.states());
    const next = stream.next();
    (await hub.connection(1))(opened, readingsAt(1));
    await end(stream, abort);
    assert.deepEqual(await next, { done: true, value: undefined }, name);
    assert.equal(kinds().at(-1), "ended", name);
    assert.deepEqual((await states).at(-1), "ended", name);
    const open = [hub.clock.timers.size, hub.clock.onlineListeners, hub.openings.length];
    assert.deepEqual(open, [0, 0, hub.closed], name);
    assert.equal(getEventListeners(abort.signal, "abort").length, 0, name);
  }
});

test("a stream whose signal is aborted already opens nothing", async () => {
  const { hub, timestamp } = start({ signal: AbortSignal.abort() });
  assert.equal(await timestamp(), undefined);
  assert.equal(hub.openings.length, 0);
});

test("a limit that cannot be is refused when the stream is made", () => {
  assert.throws(() => start({ queueMax: 1 }), { code: "options_invalid" });
});

async function kindsOf(events: AsyncIterable<StreamEvent>): Promise<string[]> {
  const kinds: string[] = [];
  for await (const { kind } of events) kinds.push(kind);
  return kinds;
}
