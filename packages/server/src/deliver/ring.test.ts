import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DeliveredEvent } from "./event.ts";
import { Ring } from "./ring.ts";

const address = { orgId: "org-1", siteId: "sit-1", deviceId: "dev-1", derId: "der-1" };
const make = (sequence: number, bytes = 100) =>
  new DeliveredEvent(1, sequence, address, Buffer.alloc(bytes, "x"));
const budget = () => ({ usedBytes: 0, bytesMax: 1_000_000 });
const sequences = (events: readonly DeliveredEvent[]) => events.map(({ sequence }) => sequence);

test("nothing is covered before the feed has said from where on", () => {
  const ring = new Ring({ ageMs: 1_000, bytesMax: 10_000 }, budget());
  ring.push(make(5), 0);
  assert.equal(ring.coveredFrom, Number.POSITIVE_INFINITY);
  ring.push(make(7), 0);
  ring.coverFrom(5);
  assert.equal(ring.coveredFrom, 5);
  assert.deepEqual(sequences(ring.after(5, 1e6)), [7]);
});

test("old readings go, and with them the cover", () => {
  const ring = new Ring({ ageMs: 1_000, bytesMax: 10_000 }, budget());
  ring.coverFrom(0);
  ring.push(make(1), 0);
  ring.push(make(2), 600);
  ring.trim(1_001);
  assert.equal(ring.coveredFrom, 1);
  assert.deepEqual(sequences(ring.after(1, 1e6)), [2]);
});

test("whatever is pushed, a ring keeps its bytes, gives everything it covers, and pays back", () => {
  const pushes = fc.array(fc.record({ gap: fc.integer({ min: 1, max: 5 }), bytes: fc.nat(400) }), {
    maxLength: 300,
  });
  fc.assert(
    fc.property(pushes, fc.nat(1_000), (plan, from) => {
      const shared = budget();
      const ring = new Ring({ ageMs: 1e9, bytesMax: 20_000 }, shared);
      ring.coverFrom(0);
      const all: number[] = [];
      let sequence = 0;
      for (const { gap, bytes } of plan) {
        sequence += gap;
        all.push(sequence);
        ring.push(make(sequence, bytes), 0);
        assert.ok(shared.usedBytes <= 20_000);
      }
      const start = Math.max(from, ring.coveredFrom);
      assert.deepEqual(
        sequences(ring.after(start, 1e9)),
        all.filter((position) => position > start),
      );
      ring.clear();
      assert.equal(shared.usedBytes, 0);
    }),
  );
});

test("rings share a budget: a full one makes the next give up its own oldest", () => {
  const shared = { usedBytes: 0, bytesMax: 3_000 };
  const [first, second] = [
    new Ring({ ageMs: 1e9, bytesMax: 1e6 }, shared),
    new Ring({ ageMs: 1e9, bytesMax: 1e6 }, shared),
  ];
  for (const ring of [first, second]) ring.coverFrom(0);
  for (let i = 1; i <= 5; i++) first.push(make(i), 0);
  for (let i = 6; i <= 20; i++) second.push(make(i), 0);
  assert.ok(shared.usedBytes <= 3_000);
  assert.equal(first.size, 5);
  assert.ok(second.size < 15);
  assert.equal(second.coveredFrom, 20 - second.size);
});
