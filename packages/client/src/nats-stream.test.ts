import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decodeCursor, encodeCursor } from "@novacore/protocol/cursor";
import { readingAt } from "./fake-hub.ts";
import type { LiveSourceWish } from "./live-source.ts";
import { NatsStream } from "./nats-stream.ts";
import type { Arrival, Opening } from "./transport.ts";

const cursorOf = (sequence: number) => encodeCursor({ epoch: 1, sequence });

/** Both ends of a stream are the test's: readings are told apart by their sequence, as timestamp. */
async function openStream(opening: Partial<Opening> = {}) {
  const arrivals: Arrival[] = [];
  const pasts: Opening[] = [];
  let closedPasts = 0;
  let subscriptions = 0;
  const { promise, resolve } = Promise.withResolvers<LiveSourceWish>();
  const past = {
    open(wish: Opening) {
      pasts.push(wish);
      const close = () => {
        closedPasts++;
      };
      return { allow: () => undefined, refresh: () => undefined, close };
    },
  };
  const stream = new NatsStream(
    { target: {}, selection: {}, credit: 100, take: (each) => arrivals.push(each), ...opening },
    {
      past,
      async openSource(wish) {
        resolve(wish);
        return { subscribe: () => subscriptions++ };
      },
    },
  );
  const source = await promise;
  while (pasts.length === 0) await Promise.resolve();
  return {
    stream,
    arrivals,
    pasts,
    openPasts: () => pasts.length - closedPasts,
    subscriptions: () => subscriptions,
    past: (...told: readonly Arrival[]) => told.forEach((each) => void pasts.at(-1)?.take(each)),
    /** A live reading, and the sequence of its DER's one before. */
    live: (sequence: number, lastSequence: number, type: "pv" | "meter" = "pv") =>
      source.onMessage({ sequence, lastSequence, reading: readingAt(sequence, type) }),
    heard: () =>
      arrivals.flatMap((each) =>
        each.kind === "readings" ? each.readings.map(({ timestamp }) => timestamp) : [],
      ),
    cursor: () => {
      const last = arrivals.findLast((each) => each.kind === "readings");
      return last && decodeCursor(last.cursor)?.sequence;
    },
  };
}

const stored = (sequence: number): Arrival => {
  return { kind: "readings", readings: [readingAt(sequence)], cursor: cursorOf(sequence) };
};
const position = (sequence: number): Arrival => {
  return { kind: "position", cursor: cursorOf(sequence) };
};
const caughtUp = (sequence: number): Arrival => {
  return { kind: "caught_up", cursor: cursorOf(sequence) };
};

describe("from the past to what comes live", () => {
  test("the past ends at the first reading that both bring, and each comes once", async () => {
    const { past, live, heard, openPasts, subscriptions } = await openStream();
    past({ kind: "opened" }, position(10), stored(11));
    assert.equal(subscriptions(), 1);
    live(13, 12);
    past(stored(12));
    assert.equal(openPasts(), 1, "the past has 13 still to bring");
    past(stored(13));
    assert.equal(openPasts(), 0);
    live(14, 13);
    assert.deepEqual(heard(), [11, 12, 13, 14]);
  });

  test("a snapshot is heard out, though its position is ahead of what comes live", async () => {
    const { past, live, heard, openPasts } = await openStream({ selection: { snapshot: true } });
    past({ kind: "opened" }, position(20));
    live(20, 5);
    past({ kind: "readings", readings: [readingAt(5)], cursor: cursorOf(20) });
    assert.equal(openPasts(), 1);
    past(caughtUp(20));
    assert.equal(openPasts(), 0);
    live(21, 20);
    assert.deepEqual(heard(), [5, 21]);
  });

  test("after a reset only what came since counts", async () => {
    const { past, live, heard, openPasts } = await openStream();
    past({ kind: "opened" }, position(900));
    live(1_000, 900);
    const bounds = { oldest: cursorOf(1), newest: cursorOf(3) };
    past({ kind: "reset", reset: { reason: "cursor_epoch_changed", ...bounds } }, position(2_000));
    assert.equal(openPasts(), 1, "it has met nothing of this stream");
    past(stored(2_001));
    live(2_001, 0);
    live(2_002, 2_001);
    assert.deepEqual(heard(), [2_001, 2_002]);
  });
});

/** A stream that is live behind sequence 10. */
async function openLive(opening: Partial<Opening> = {}) {
  const opened = await openStream(opening);
  opened.past({ kind: "opened" }, position(9), stored(10));
  opened.live(10, 9);
  assert.equal(opened.openPasts(), 0);
  return opened;
}

test("a gap is read again from before it, also where others came meanwhile", async () => {
  const { past, pasts, live, heard, openPasts } = await openLive();
  live(12, 0, "meter");
  live(14, 13);
  assert.equal(pasts.at(-1)?.resumeFrom, cursorOf(10), "11 to 13 of pv may be missing");
  past({ kind: "opened" }, position(10), stored(13), stored(14), caughtUp(14));
  assert.equal(openPasts(), 0);
  live(15, 14);
  assert.deepEqual(heard(), [10, 12, 13, 14, 15]);
});

test("no more comes than is allowed, and what passed by comes by the past", async () => {
  const { stream, past, pasts, live, heard, openPasts } = await openLive({ credit: 2 });
  for (const sequence of [11, 12, 13]) live(sequence, sequence - 1);
  assert.deepEqual(heard(), [10, 11]);
  assert.equal(openPasts(), 0, "nothing is asked for before it may come");
  stream.allow(5);
  const { resumeFrom, credit } = pasts.at(-1) ?? {};
  assert.deepEqual([resumeFrom, credit], [cursorOf(11), 5]);
  past({ kind: "opened" }, position(11), stored(12), stored(13), caughtUp(13));
  live(14, 13);
  past(stored(14));
  live(15, 14);
  assert.deepEqual(heard(), [10, 11, 12, 13, 14, 15]);
});

test("the cursor stays before a reading that waits for its interval", async () => {
  const selection = { min_interval_ms: 3_600_000 };
  const { stream, live, heard, cursor } = await openLive({ selection });
  live(11, 10); // of the DER that has just had a reading
  live(12, 0, "meter");
  assert.deepEqual([heard(), cursor()], [[10, 12], 10]);
  stream.close();
});

test("what is not wanted is passed over, and nothing comes after the end", async () => {
  const { stream, arrivals, live, cursor } = await openLive({ selection: { types: ["pv"] } });
  live(11, 0, "meter");
  live(12, 10);
  assert.equal(cursor(), 12);
  stream.close();
  const count = arrivals.length;
  live(13, 12);
  assert.equal(arrivals.length, count);
});
