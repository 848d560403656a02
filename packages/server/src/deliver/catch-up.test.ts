import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeCursor } from "@novacore/protocol";
import fc from "fast-check";
import { FakeListener, FakePast, type Told } from "./fake-past.ts";

const numbers = (first: number, last: number) =>
  Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
const ofSite = (site: string, count: number): Told[] =>
  Array.from({ length: count }, () => ({ site }));
const oldestTold = ({ resets }: FakeListener) =>
  resets.map(({ reset }) => (decodeCursor(reset.oldest)?.sequence ?? 0) + 1);
const newestOf = { newestOf: <T>(events: readonly T[]) => events };

test("a site that comes in while a batch is being read loses nothing of what lies behind it", async () => {
  const past = new FakePast(["a", "a", "b", "a"].map((site) => ({ site })));
  const gate = Promise.withResolvers<void>();
  past.between = () => gate.promise;
  const listener = new FakeListener(past, { sites: ["a"], after: 0 });
  const running = listener.catchUp.run();
  listener.see(["a", "b"]);
  gate.resolve();
  await running;
  assert.deepEqual(listener.sent, [1, 2, 3, 4]);
  assert.equal(listener.position, 4);
});

test("what the stream does not hold any more comes from the archive, then the stream goes on", async () => {
  const past = new FakePast(ofSite("a", 1_000), { after: 0, upTo: 990 });
  past.oldest = 700;
  past.pageMax = 77;
  const listener = new FakeListener(past, { sites: ["a"], after: 12 });
  await listener.catchUp.run();
  assert.deepEqual(listener.sent, numbers(13, 1_000));
  assert.deepEqual(listener.resets, []);
  assert.ok(listener.isLive);
});

test("a stream that loses its beginning while it is read is made up for by the archive", async () => {
  const past = new FakePast(ofSite("a", 2_000), { after: 0, upTo: 1_999 });
  past.between = () => {
    past.oldest = Math.min(1_990, past.oldest + 97);
  };
  const listener = new FakeListener(past, { sites: ["a"], after: 0 });
  await listener.catchUp.run();
  assert.deepEqual(listener.sent, numbers(1, 2_000));
  assert.deepEqual(listener.resets, []);
});

test("without an archive a stream that loses its beginning while it is read is told, never skipped", async () => {
  const past = new FakePast(ofSite("a", 600));
  past.between = (what) => {
    if (what === "stream" && past.oldest === 1) past.oldest = 301;
  };
  const listener = new FakeListener(past, { sites: ["a"], after: 0, hasArchive: false });
  await listener.catchUp.run();
  assert.deepEqual(listener.sent, numbers(301, 600));
  assert.deepEqual(oldestTold(listener), [301]);
});

test("where the archive does not reach either, a reset tells its oldest and it goes on from there", async () => {
  const past = new FakePast(ofSite("a", 100), { after: 20, upTo: 90 });
  past.oldest = 60;
  const listener = new FakeListener(past, { sites: ["a"], after: 5 });
  await listener.catchUp.run();
  assert.deepEqual(listener.sent, numbers(21, 100));
  assert.deepEqual(oldestTold(listener), [21]);
});

test("a hole between archive and stream is told where it is", async () => {
  const past = new FakePast(ofSite("a", 100), { after: 0, upTo: 40 });
  past.oldest = 60;
  const listener = new FakeListener(past, { sites: ["a"], after: 10 });
  await listener.catchUp.run();
  assert.deepEqual(listener.sent, [...numbers(11, 40), ...numbers(60, 100)]);
  assert.deepEqual(
    listener.resets.map(({ at }) => at),
    [30],
  );
  assert.deepEqual(oldestTold(listener), [60]);
});

test("whoever has no credit holds nothing, and the archive is asked for no more than it allows", async () => {
  const past = new FakePast(ofSite("a", 50), { after: 0, upTo: 45 });
  past.oldest = 40;
  const listener = new FakeListener(past, { sites: ["a"], after: 0 });
  listener.room = 3;
  const running = listener.catchUp.run();
  while (!listener.isLive) {
    await new Promise(setImmediate);
    if (listener.room === 0) listener.allow(3);
  }
  await running;
  assert.deepEqual(listener.sent, numbers(1, 50));
  assert.ok(past.asked.every((count) => count <= 3));
});

test("a listener that leaves ends what is read for it, and nothing is told of that", async () => {
  const past = new FakePast(ofSite("a", 50), { after: 0, upTo: 50 });
  past.oldest = 51;
  const listener = new FakeListener(past, { sites: ["a"], after: 0 });
  past.between = (what) => {
    if (what === "archive") listener.close();
  };
  await listener.catchUp.run();
  assert.deepEqual(listener.sent, []);
  assert.equal(listener.isLive, false);
});

test("where the newest counts, each DER comes once: from the archive if it is silent since", async () => {
  const ders = ["x", "y", "x", "z", "y", "z", "x", "x", "z", "x"];
  const past = new FakePast(
    ders.map((der) => ({ site: "a", der })),
    { after: 0, upTo: 9 },
  );
  past.oldest = 8;
  past.pageMax = 2;
  const listener = new FakeListener(past, { sites: ["a"], after: 1, latest: newestOf });
  await listener.catchUp.run();
  assert.deepEqual(listener.sent, [5, 9, 10]);
  assert.deepEqual(listener.resets, []);
  assert.ok(listener.isLive);
});

test("the newest is so by its own clock, and comes under the position it was stored at", async () => {
  const past = new FakePast(
    [
      { site: "a", der: "x", timestamp: 10 },
      { site: "a", der: "x", timestamp: 30 },
      { site: "a", der: "x", timestamp: 20 },
      { site: "a", der: "y", timestamp: 40 },
    ],
    { after: 0, upTo: 3 },
  );
  past.oldest = 4;
  const listener = new FakeListener(past, { sites: ["a"], after: 0, latest: newestOf });
  await listener.catchUp.run();
  assert.deepEqual(listener.sent, [2, 4]);
  assert.deepEqual(listener.positions, [2, 4]);
});

test("a snapshot of a position before the stream is what there was by then", async () => {
  const past = new FakePast(
    ["x", "y", "x", "y", "z"].map((der) => ({ site: "a", der })),
    { after: 0, upTo: 5 },
  );
  past.oldest = 4;
  const listener = new FakeListener(past, { sites: ["a"], after: 3 });
  listener.position = 2;
  await listener.catchUp.sendSnapshot(2);
  assert.deepEqual(listener.sent, [1, 2]);
});

/** What happens while something is read. */
const event = fc.oneof(
  fc.record({ kind: fc.constant("loses" as const), readings: fc.nat(60) }),
  fc.record({ kind: fc.constant("archives" as const), readings: fc.nat(60) }),
  fc.record({
    kind: fc.constant("sees" as const),
    sites: fc.subarray(["a", "b", "c"], { minLength: 1 }),
  }),
  fc.record({ kind: fc.constant("nothing" as const) }),
);

test("whatever moves meanwhile, all that is always seen comes once and in order, or its end is told", async () => {
  const story = fc.record({
    sites: fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 400 }),
    oldest: fc.nat(400),
    archivedAfter: fc.oneof(fc.constant(0), fc.nat(100)),
    archivedUpTo: fc.nat(400),
    start: fc.nat(300),
    pageMax: fc.integer({ min: 1, max: 50 }),
    room: fc.option(fc.integer({ min: 1, max: 20 }), { nil: Number.POSITIVE_INFINITY }),
    events: fc.array(event, { maxLength: 60 }),
    hasArchive: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(story, async (told) => {
      const count = told.sites.length;
      const past = new FakePast(told.sites.map((site) => ({ site })));
      past.archived = {
        after: Math.min(told.archivedAfter, count),
        upTo: Math.max(Math.min(told.archivedUpTo, count), Math.min(told.archivedAfter, count)),
      };
      past.oldest = Math.min(1 + told.oldest, count + 1);
      past.pageMax = told.pageMax;
      const { hasArchive } = told;
      const start = Math.min(told.start, count);
      const listener = new FakeListener(past, { sites: ["a", "b", "c"], after: start, hasArchive });
      listener.room = told.room;
      const always = new Set(["a", "b", "c"]);
      const events = [...told.events];
      past.between = () => {
        const next = events.shift();
        const { archived } = past;
        if (next?.kind === "loses") past.oldest = Math.min(count + 1, past.oldest + next.readings);
        if (next?.kind === "archives" && archived !== undefined) {
          const upTo = Math.min(count, archived.upTo + next.readings);
          past.archived = { ...archived, upTo };
        }
        if (next?.kind === "sees") {
          listener.see(next.sites);
          for (const site of always) if (!next.sites.includes(site)) always.delete(site);
        }
      };
      const running = listener.catchUp.run();
      while (!listener.isLive) {
        await new Promise(setImmediate);
        if (listener.room === 0) listener.allow(told.room);
      }
      await running;
      const { sent, resets } = listener;
      assert.deepEqual(
        sent,
        sent.toSorted((x, y) => x - y),
        "in order",
      );
      assert.equal(new Set(sent).size, sent.length, "once");
      assert.deepEqual(listener.wrong, [], "only what is granted");
      assert.ok(sent.every((sequence) => sequence > start));
      // Missing may only be what lies right before a reset, up to the oldest that it tells.
      const gaps = resets.map(({ at, reset }) => ({
        after: Math.max(start, sent[at - 1] ?? start),
        before: (decodeCursor(reset.oldest)?.sequence ?? 0) + 1,
      }));
      const missing = past.messages.filter(({ sequence, subject }) => {
        if (sequence <= start || sent.includes(sequence)) return false;
        return always.has(subject.split(".")[3] ?? "");
      });
      const unexplained = missing.filter(
        ({ sequence }) => !gaps.some(({ after, before }) => sequence > after && sequence < before),
      );
      assert.deepEqual(
        unexplained.map(({ sequence }) => sequence),
        [],
        "nothing is skipped in silence",
      );
      const isReached = hasArchive && told.archivedAfter === 0 && told.archivedUpTo >= count;
      if (isReached) assert.deepEqual(resets, [], "no reset where the archive has everything");
    }),
    { numRuns: 500 },
  );
});
