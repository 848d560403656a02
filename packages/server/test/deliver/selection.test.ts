import assert from "node:assert/strict";
import { test } from "node:test";
import { StreamHub, until } from "./stream-hub.ts";
import { transports } from "./transports.ts";

for (const { name, open } of transports) {
  test(`${name}: filters by type, device and DER let only those readings through`, async (t) => {
    const hub = await StreamHub.start(t);
    hub.access.orgs.set("org-1", new Set(["sit-1"]));
    const openWith = (query: string) =>
      open({ port: hub.port, path: `/stream/sites/sit-1?${query}` });
    const meters = await openWith("types=meter,battery");
    const device = await openWith("devices=dev-2");
    const der = await openWith("ders=der-3&types=pv");
    const past = await openWith("ders=der-3&since=0");
    for (const client of [meters, device, der, past]) await client.untilPositioned();
    await hub.publish({ site: "sit-1", der: "der-1" }, { type: "pv", W: 1 });
    await hub.publish({ site: "sit-1", der: "der-2" }, { type: "meter", W: 2 });
    await hub.publish({ site: "sit-1", device: "dev-2", der: "der-3" }, { type: "pv", W: 3 });
    await hub.publish({ site: "sit-1", device: "dev-2", der: "der-4" }, { type: "battery", W: 4 });
    await Promise.all([
      meters.untilReadings(2),
      device.untilReadings(2),
      der.untilReadings(1),
      past.untilReadings(1),
    ]);
    assert.deepEqual(meters.numbers, [2, 4]);
    assert.deepEqual(device.numbers, [3, 4]);
    assert.deepEqual(der.numbers, [3]);
    assert.deepEqual(past.numbers, [3]);
  });

  test(`${name}: a stream of several sites carries them in stream order`, async (t) => {
    const hub = await StreamHub.start(t);
    hub.access.orgs.set("org-1", new Set(["sit-1", "sit-2", "sit-3"]));
    const client = await open({
      port: hub.port,
      path: "/stream?site=sit-1&site=sit-3",
    });
    await client.untilPositioned();
    for (let i = 0; i < 30; i++) await hub.publish({ site: `sit-${1 + (i % 3)}` }, { W: i });
    await client.untilReadings(20);
    const expected = Array.from({ length: 30 }, (_, i) => i).filter((i) => i % 3 !== 1);
    assert.deepEqual(client.numbers, expected);
  });

  test(`${name}: an organization's stream takes in new sites and drops removed ones`, async (t) => {
    const hub = await StreamHub.start(t);
    const sites = new Set(["sit-1", "sit-2"]);
    hub.access.orgs.set("org-1", sites);
    const client = await open({ port: hub.port, path: "/stream/orgs/org-1" });
    await client.untilPositioned();
    await hub.publish({ site: "sit-1" }, { W: 1 });
    sites.add("sit-new");
    hub.access.grantsChanged();
    // Stored while the hub is still taking the site in: no hole.
    await hub.publish({ site: "sit-new" }, { W: 2 });
    await until(() => hub.delivery.usage.sites === 3, "the hub listens to the new site");
    await hub.publish({ site: "sit-new" }, { W: 3 });
    await client.untilReadings(3);
    assert.deepEqual(client.numbers.toSorted(), [1, 2, 3]);

    sites.delete("sit-2");
    hub.access.grantsChanged();
    await hub.publish({ site: "sit-1" }, { W: 4 });
    await until(() => client.numbers.includes(4), "the stream goes on");
    const stillThere = [...hub.access.grantsListeners].length;
    assert.equal(stillThere, 1);
    await hub.publish({ site: "sit-2" }, { W: 5 });
    await hub.publish({ site: "sit-1" }, { W: 6 });
    await until(() => client.numbers.includes(6), "the stream goes on");
    assert.ok(!client.numbers.includes(5));
    assert.equal(client.isClosed, false);
  });

  test(`${name}: a snapshot begins with the last reading of each DER, then goes live without a hole`, async (t) => {
    const hub = await StreamHub.start(t);
    hub.access.orgs.set("org-1", new Set(["sit-1"]));
    for (let i = 0; i < 12; i++)
      await hub.publish({ site: "sit-1", der: `der-${i % 3}` }, { W: i });
    const client = await open({
      port: hub.port,
      path: "/stream/sites/sit-1?snapshot=true&events=all",
    });
    await until(() => client.named("caught_up").length === 1, "the stream is live");
    assert.deepEqual(client.numbers, [9, 10, 11]);
    await hub.publish({ site: "sit-1" }, { W: 100 });
    await client.untilReadings(4);
    assert.deepEqual(client.numbers, [9, 10, 11, 100]);
  });

  test(`${name}: min_interval_ms sends the newest reading of each DER, once per interval`, async (t) => {
    const hub = await StreamHub.start(t);
    hub.access.orgs.set("org-1", new Set(["sit-1"]));
    const client = await open({
      port: hub.port,
      path: "/stream/sites/sit-1?min_interval_ms=300",
    });
    await client.untilPositioned();
    for (let i = 1; i <= 20; i++) {
      await hub.publish({ site: "sit-1", der: "der-1" }, { W: i, timestamp: 1_000 + i });
      await hub.publish({ site: "sit-1", der: "der-2" }, { W: -i, timestamp: 1_000 + i });
    }
    await until(
      () => client.numbers.includes(20) && client.numbers.includes(-20),
      "the newest come",
    );
    const sent = client.numbers.length;
    assert.ok(sent < 40, `${sent} readings were sent`);
    assert.equal((hub.counts.conflated ?? 0) + sent, 40);
  });
}
