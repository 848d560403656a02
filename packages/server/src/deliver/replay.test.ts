import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { subjectFilters } from "./filters.ts";
import { replayAll } from "./replay.ts";
import { Turnstile } from "./turnstile.ts";

/** A stream in memory whose readers get few messages at a time, and which grows while it is read. */
function createStream(lanes: readonly number[], batch: number) {
  const stored = lanes.map((lane, i) => ({ lane: String(lane), sequence: i + 1 }));
  let visible = Math.min(5, stored.length);
  return {
    get head() {
      return visible;
    },
    grow: (by: number) => {
      visible = Math.min(stored.length, visible + by);
    },
    read: async (filter: string, fromSequence: number) => {
      await Promise.resolve();
      const matching = stored.filter(
        ({ lane, sequence }) => lane === filter && sequence >= fromSequence && sequence <= visible,
      );
      // Between two lanes' reads the stream grows.
      visible = Math.min(stored.length, visible + 1);
      const messages = matching.slice(0, batch).map(({ sequence }) => ({
        sequence,
        lastSequence: 0,
        subject: filter,
        payload: new Uint8Array(),
      }));
      return { messages, isExhausted: matching.length <= batch };
    },
  };
}

test("several filters over a growing stream give every message once and in order", async () => {
  const lanes = fc.array(fc.nat(3), { minLength: 1, maxLength: 80 });
  await fc.assert(
    fc.asyncProperty(
      lanes,
      fc.integer({ min: 1, max: 7 }),
      fc.nat(30),
      async (plan, batch, from) => {
        const filters = ["0", "1", "2"];
        const stream = createStream(plan, batch);
        const replay = replayAll(stream, filters, from);
        const seen: number[] = [];
        for (let i = 0; i < 500 && replay.position < plan.length; i++) {
          const head = stream.head;
          const messages = await replay.next(head);
          seen.push(...messages.map(({ sequence }) => sequence));
          const promised = plan
            .map((lane, index) => ({ lane, sequence: index + 1 }))
            .filter(
              ({ lane, sequence }) => lane < 3 && sequence > from && sequence <= replay.position,
            )
            .map(({ sequence }) => sequence);
          assert.deepEqual(seen, promised, "everything up to its position, and nothing twice");
          stream.grow(1);
        }
        assert.ok(replay.position >= plan.length);
      },
    ),
  );
});

test("many sites are read by their organization, few by themselves, one DER by its own", () => {
  const sites = (count: number, orgId = "o") =>
    Array.from({ length: count }, (_, i) => ({ orgId, siteId: `s${i}` }));
  assert.deepEqual(subjectFilters(sites(2)), ["orgs.o.sites.s0.>", "orgs.o.sites.s1.>"]);
  assert.deepEqual(subjectFilters(sites(5)), ["orgs.o.>"]);
  assert.deepEqual(subjectFilters([..."abcdef"].map((orgId) => ({ orgId, siteId: "s" }))), [
    "orgs.>",
  ]);
  assert.deepEqual(subjectFilters(sites(1), { ders: ["d"] }), [
    "orgs.o.sites.s0.devices.*.ders.d.>",
  ]);
});

test("a turnstile lets so many pass at once, in the order they came, also after a failure", async () => {
  const turnstile = new Turnstile(2);
  const started: number[] = [];
  const finish: (() => void)[] = [];
  const passes = Array.from({ length: 6 }, (_, i) =>
    turnstile.pass(async () => {
      started.push(i);
      await new Promise<void>((resolve) => finish.push(resolve));
      if (i === 1) throw new Error("failed");
    }),
  );
  const settled = Promise.allSettled(passes);
  for (let done = 0; done < 6; done++) {
    while (finish.length <= done) await new Promise((resolve) => setImmediate(resolve));
    assert.ok(turnstile.running <= 2);
    finish[done]?.();
  }
  assert.deepEqual(
    (await settled).map(({ status }) => status),
    ["fulfilled", "rejected", "fulfilled", "fulfilled", "fulfilled", "fulfilled"],
  );
  assert.deepEqual(started, [0, 1, 2, 3, 4, 5]);
  assert.equal(turnstile.running, 0);
});
