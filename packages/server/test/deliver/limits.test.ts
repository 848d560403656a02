import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../src/limits.ts";
import { SseClient } from "./sse-client.ts";
import { StreamHub, until } from "./stream-hub.ts";
import { type StreamClient, transports } from "./transports.ts";

const site = "sit-1";
const path = `/stream/sites/${site}`;
const large = "x".repeat(60_000);

/** More than the kernel takes off our hands on a loopback connection, and 1 MiB beyond it. */
const readingsThatFill = 400;

for (const { name, open } of transports) {
  test(`${name}: a slow listener is closed with a cursor, the others keep receiving`, async (t) => {
    const hub = await StreamHub.start(t);
    hub.access.orgs.set("org-1", new Set([site]));
    const slow = await open({ port: hub.port, path: `${path}?events=all` });
    const others = await Promise.all(
      Array.from({ length: 3 }, () => open({ port: hub.port, path })),
    );
    for (const client of [slow, ...others]) await client.untilPositioned();
    slow.pause();
    for (let i = 1; i <= readingsThatFill; i++) await hub.publish({ site }, { W: i, large });
    const all = Array.from({ length: readingsThatFill }, (_, i) => i + 1);
    for (const client of others) {
      await client.untilReadings(readingsThatFill);
      assert.deepEqual(client.numbers, all);
    }
    await until(() => hub.counts.slowClosed === 1, "the slow one is closed");
    assert.equal(hub.delivery.usage.subscribers, 3);

    slow.resume();
    await until(() => slow.isClosed, "its connection ends");
    const [notice] = slow.named("slow_consumer");
    assert.ok(slow.hasEnd);
    assert.equal(notice?.cursor, slow.events.at(-2)?.id);
    const resumed = await open({
      port: hub.port,
      path,
      lastEventId: String(notice?.cursor),
    });
    await until(() => resumed.numbers.at(-1) === readingsThatFill, "the rest has come");
    assert.deepEqual([...slow.numbers, ...resumed.numbers.slice(0)], all);
  });

  test(`${name}: a slow listener with mode=latest stays, and gets the newest`, async (t) => {
    const hub = await StreamHub.start(t);
    hub.access.orgs.set("org-1", new Set([site]));
    const client = await open({ port: hub.port, path: `${path}?mode=latest` });
    await client.untilPositioned();
    client.pause();
    for (let i = 1; i <= readingsThatFill; i++) {
      await hub.publish({ site }, { W: i, large, timestamp: 1_000 + i });
    }
    client.resume();
    await until(() => client.numbers.at(-1) === readingsThatFill, "the newest comes");
    assert.ok((hub.counts.conflated ?? 0) > 0);
    assert.equal(hub.counts.slowClosed, undefined);
  });

  test(`${name}: a listener that takes nothing at all for two heartbeats is closed`, async (t) => {
    const hub = await StreamHub.start(t, { heartbeatMs: 100 });
    hub.access.orgs.set("org-1", new Set([site]));
    for (let i = 1; i <= readingsThatFill; i++) await hub.publish({ site }, { W: i, large });
    const client = await open({ port: hub.port, path: `${path}?since=0` });
    client.pause();
    await until(() => hub.counts.slowClosed === 1, "it is closed while it replays");
    client.close();
  });

  test(`${name}: a replaying listener holds no more than its queue`, async (t) => {
    const hub = await StreamHub.start(t);
    hub.access.orgs.set("org-1", new Set([site]));
    for (let i = 1; i <= readingsThatFill; i++) await hub.publish({ site }, { W: i, large });
    hub.delivery.feed.sweep(Date.now() + 1e9, 0);
    const client = await open({ port: hub.port, path: `${path}?since=0` });
    client.pause();
    const other = await open({ port: hub.port, path });
    await other.untilPositioned();
    await hub.publish({ site }, { W: 0 });
    await other.untilReadings(1);
    client.resume();
    await client.untilReadings(readingsThatFill + 1);
    const all = Array.from({ length: readingsThatFill }, (_, i) => i + 1);
    assert.deepEqual(client.numbers, [...all, 0]);
  });

  test(`${name}: one identity has so many streams and no more`, async (t) => {
    const hub = await StreamHub.start(t);
    hub.access.orgs.set("org-1", new Set([site]));
    const openAs = (identity: string) => open({ port: hub.port, path, identity });
    const clients: StreamClient[] = [];
    for (let i = 0; i < limits.streamsPerIdentityMax; i += 100) {
      clients.push(...(await Promise.all(Array.from({ length: 100 }, () => openAs("idt-1")))));
    }
    const refused = await openAs("idt-1");
    await until(() => refused.refusal !== undefined, "it is told why");
    assert.equal(refused.refusal, "too_many_connections");
    if (refused instanceof SseClient) assert.match(refused.head, /retry-after: \d/i);
    await until(() => refused.isClosed || refused instanceof SseClient, "it is closed");
    assert.equal((await openAs("idt-2")).refusal, undefined);
    clients[0]?.close();
    await until(() => hub.counts.listeners === limits.streamsPerIdentityMax, "one is free again");
    assert.equal((await openAs("idt-1")).refusal, undefined);
  });
}
