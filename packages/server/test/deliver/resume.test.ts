import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeCursor, encodeCursor } from "@novacore/protocol";
import fc from "fast-check";
import { StreamHub, until } from "./stream-hub.ts";
import { transports } from "./transports.ts";

const site = "sit-1";
const path = `/stream/sites/${site}`;

for (const { name, open } of transports) {
  test(`${name}: wherever a connection is cut, resuming gives every reading once and in order`, async (t) => {
    const hub = await StreamHub.start(t);
    hub.access.orgs.set("org-1", new Set([site]));
    let published = 0;
    const cuts = fc.array(fc.record({ readings: fc.nat(40), cutAt: fc.nat(60) }), {
      minLength: 1,
      maxLength: 5,
    });
    await fc.assert(
      fc.asyncProperty(cuts, fc.boolean(), async (plan, isRingGone) => {
        const first = published;
        const seen: number[] = [];
        let lastEventId: string | undefined;
        for (const { readings, cutAt } of plan) {
          const client = await open({ port: hub.port, path, lastEventId });
          await client.untilPositioned();
          const missing = published + readings - first - seen.length;
          const publishing = (async () => {
            for (let i = 0; i < readings; i++) {
              published++;
              await hub.publish({ site }, { W: published });
            }
          })();
          // Cut while more is on its way, or after all of it: as the numbers have it.
          await client.untilReadings(Math.min(cutAt, missing));
          client.close();
          seen.push(...client.numbers);
          lastEventId = client.lastEventId;
          await publishing;
          // Without rings, what is missing comes from the stream.
          if (isRingGone) hub.delivery.feed.sweep(Date.now() + 1e9, 0);
        }
        const last = await open({ port: hub.port, path, lastEventId });
        const expected = Array.from({ length: published - first }, (_, i) => first + 1 + i);
        await until(
          () => seen.length + last.numbers.length >= expected.length,
          "everything has come",
        );
        last.close();
        assert.deepEqual([...seen, ...last.numbers], expected);
      }),
      { numRuns: 25 },
    );
  });

  test(`${name}: replay joins live without hole or repetition while readings keep coming`, async (t) => {
    const hub = await StreamHub.start(t);
    hub.access.orgs.set("org-1", new Set([site, "sit-2"]));
    for (let i = 1; i <= 1_500; i++) await hub.publish({ site: i % 2 ? site : "sit-2" }, { W: i });
    let published = 1_500;
    let isPublishing = true;
    const publishing = (async () => {
      while (isPublishing) {
        published++;
        await hub.publish({ site: published % 2 ? site : "sit-2" }, { W: published });
      }
    })();
    const clients = await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        open({
          port: hub.port,
          path:
            i % 2 ? `${path}?since=0&events=all` : "/stream?site=sit-1,sit-2&since=0&events=all",
        }),
      ),
    );
    await until(() => clients.every((client) => client.named("caught_up").length === 1), "live");
    isPublishing = false;
    await publishing;
    const odd = Array.from({ length: published }, (_, i) => i + 1).filter((i) => i % 2);
    for (const [i, client] of clients.entries()) {
      const expected = i % 2 ? odd : Array.from({ length: published }, (_, n) => n + 1);
      await client.untilReadings(expected.length);
      assert.deepEqual(client.numbers, expected);
    }
  });

  test(`${name}: since takes a time or a cursor, and starts right there`, async (t) => {
    const hub = await StreamHub.start(t);
    hub.access.orgs.set("org-1", new Set([site]));
    await hub.publish({ site }, { W: 1 });
    await until(() => Date.now() % 10 === 0, "the clock has moved on");
    const timeMs = Date.now() + 20;
    await until(() => Date.now() > timeMs, "the clock has moved on");
    const sequence = await hub.publish({ site }, { W: 2 });
    await hub.publish({ site }, { W: 3 });
    const { epoch } = hub.delivery.feed;
    const cursor = encodeCursor({ epoch, sequence });
    const cases: [string, number[]][] = [
      [`since=${timeMs}`, [2, 3]],
      [`since=${new Date(timeMs).toISOString()}`, [2, 3]],
      [`since=${cursor}`, [3]],
      [`cursor=${cursor}`, [3]],
      ["since=0", [1, 2, 3]],
    ];
    for (const [query, expected] of cases) {
      const client = await open({ port: hub.port, path: `${path}?${query}` });
      await client.untilReadings(expected.length);
      assert.deepEqual(client.numbers, expected, query);
      assert.deepEqual(decodeCursor(client.lastEventId)?.epoch, epoch);
      client.close();
    }
  });

  test(`${name}: a cursor of a recreated stream is answered with a reset, then live`, async (t) => {
    const hub = await StreamHub.start(t);
    hub.access.orgs.set("org-1", new Set([site]));
    const client = await open({ port: hub.port, path: `${path}?events=all` });
    await client.untilPositioned();
    await hub.publish({ site }, { W: 1 });
    await hub.publish({ site }, { W: 2 });
    await client.untilReadings(2);
    const before = client.lastEventId;
    await hub.recreateStream();
    await hub.publish({ site }, { W: 3 });
    await until(() => client.named("reset").length === 1, "the open stream is told");
    await hub.publish({ site }, { W: 4 });
    await until(() => client.numbers.includes(4), "it goes on");
    assert.equal(client.named("reset")[0]?.reason, "cursor_epoch_changed");

    const resumed = await open({
      port: hub.port,
      path: `${path}?events=all`,
      lastEventId: before,
    });
    await until(() => resumed.named("reset").length === 1, "the reset comes");
    const [reset] = resumed.named("reset");
    assert.equal(reset?.reason, "cursor_epoch_changed");
    assert.equal(decodeCursor(String(reset?.newest))?.epoch, hub.delivery.feed.epoch);
    await hub.publish({ site }, { W: 5 });
    await resumed.untilReadings(1);
    assert.deepEqual(resumed.numbers, [5]);
  });

  test(`${name}: positions before the stream or ahead of it are answered with a reset`, async (t) => {
    const hub = await StreamHub.start(t);
    hub.access.orgs.set("org-1", new Set([site]));
    for (let i = 1; i <= 10; i++) await hub.publish({ site }, { W: i });
    await hub.expireBefore(6);
    const { epoch } = hub.delivery.feed;
    const openAfter = (lastEventId: string) =>
      open({ port: hub.port, path: `${path}?events=all`, lastEventId });
    const expired = await openAfter(encodeCursor({ epoch, sequence: 2 }));
    await expired.untilReadings(5);
    assert.deepEqual(expired.named("reset")[0]?.reason, "cursor_expired");
    assert.equal(expired.events[0]?.name, "reset");
    // What is left is sent: the hole is told, and as small as it can be.
    assert.deepEqual(expired.numbers, [6, 7, 8, 9, 10]);

    const ahead = await openAfter(encodeCursor({ epoch, sequence: 1_000 }));
    await until(() => ahead.named("reset").length === 1, "the reset comes");
    assert.equal(ahead.named("reset")[0]?.reason, "cursor_in_future");
    await hub.publish({ site }, { W: 11 });
    await ahead.untilReadings(1);
    assert.deepEqual(ahead.numbers, [11]);
  });

  test(`${name}: a restart of nats-server leaves no hole in an open stream`, async (t) => {
    const hub = await StreamHub.start(t);
    hub.access.orgs.set("org-1", new Set([site]));
    const client = await open({ port: hub.port, path });
    await client.untilPositioned();
    for (let i = 1; i <= 20; i++) await hub.publish({ site }, { W: i });
    for (let round = 0; round < 3; round++) {
      await hub.nats.kill();
      await hub.nats.run();
      // As soon as the stream takes readings again, most likely before the feed has come back.
      for (let i = 1; i <= 20; i++) {
        await until(
          () =>
            hub.publish({ site }, { W: 20 + round * 20 + i }).then(
              () => true,
              () => false,
            ),
          "the stream takes readings",
        );
      }
    }
    const expected = Array.from({ length: 80 }, (_, i) => i + 1);
    await until(() => new Set(client.numbers).size >= 80, "everything has come");
    // A publish whose answer was lost is sent again by the test, so a number may be stored twice.
    assert.deepEqual([...new Set(client.numbers)], expected);
  });

  test(`${name}: what a gap in the live feed swallowed is fetched from the stream`, async (t) => {
    let lost = 0;
    const hub = await StreamHub.start(t, {
      loses: (message) => {
        const loses = /"W":(3|4),/.test(message.string()) && message.subject.startsWith("live.");
        if (loses) lost++;
        return loses;
      },
    });
    hub.access.orgs.set("org-1", new Set([site]));
    const client = await open({ port: hub.port, path });
    await client.untilPositioned();
    for (let i = 1; i <= 6; i++) await hub.publish({ site }, { W: i });
    await client.untilReadings(6);
    assert.equal(lost, 2);
    assert.deepEqual(client.numbers.toSorted(), [1, 2, 3, 4, 5, 6]);
    assert.equal(hub.counts.gapsRepaired, 2);
    const ids = client.events.map(({ id }) => id);
    assert.deepEqual(ids, ids.toSorted(), "cursors never run backwards");
  });
}
