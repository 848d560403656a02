import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Gateway } from "@novacore/client/gateway";
import { sanitiseHardwareId } from "@novacore/protocol";
import { createApi, createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";
import { listen } from "../support/listener.ts";
import { keyOf, openGateway, spoolFolder, ways, wayTo } from "./open-gateway.ts";

let hub: TestHub;
let home: Home;

before(async () => {
  hub = await startHub();
  home = await createHome(hub);
});
after(() => hub?.close());

let lastMs = Date.now();
/** An instant that no other reading has. */
function instant(agoMs = 0): number {
  lastMs++;
  return lastMs - agoMs;
}

function meterReading(timestamp: number, W = 100) {
  const { hardwareId, der } = home.ders.meter;
  return { hardwareId, der, reading: { type: "meter", timestamp, W } } as const;
}

const self = () => ({ serial: home.gateway.serial, key: keyOf(home.gateway) });

for (const via of ways) {
  test(`what is published over ${via} is spooled, stored in order, and leaves the spool`, async (t) => {
    const { gateway, events } = await openGateway(t, hub, via, self());
    const listener = await listen(`${hub.url}/stream/sites/${home.siteId}`, home);
    const times = Array.from({ length: 300 }, () => instant());
    const publications = times.map((time) => gateway.publish(meterReading(time)));
    const spooled = await Promise.all(publications.map((publication) => publication.spooled));
    assert.ok(spooled.every((isSpooled) => isSpooled));
    const deliveries = await Promise.all(publications);
    const status = via === "mqtt" ? "acknowledged" : "stored";
    assert.deepEqual([...new Set(deliveries.map((delivery) => delivery.status))], [status]);
    const [first] = deliveries;
    if (first?.status === "stored") assert.equal(first.durability, "fsync");
    assert.equal(gateway.counts[status], 300);
    assert.equal(gateway.counts.spooled, 0);
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ["connected"],
    );
    await listener.until("all of them", () => listener.readings().length >= 300);
    await listener.close();
    const streamed = listener.readings().map(({ timestamp }) => timestamp);
    assert.deepEqual(streamed, times);
  });
}

for (const via of ["http", "nats"] as const) {
  test(`what the hub rejects over ${via} is told with its reason, and holds up nothing`, async (t) => {
    const { gateway, events } = await openGateway(t, hub, via, self());
    const reading = { type: "meter", timestamp: instant(), W: 1 } as const;
    const unknown = gateway.publish({ hardwareId: "nobody:1", der: "grid", reading });
    const wild = gateway.publish(meterReading(instant(), 1e12));
    const good = gateway.publish(meterReading(instant()));
    const [ofUnknown, ofWild] = [await unknown, await wild];
    assert.ok(ofUnknown.status === "rejected" && ofWild.status === "rejected");
    assert.equal(ofUnknown.rejection.code, "device_unknown");
    assert.match(ofUnknown.rejection.message, /nobody:1/);
    const { code, path, reading: refused } = ofWild.rejection;
    assert.deepEqual([code, path, refused.W], ["reading_out_of_range", "/W", 1e12]);
    assert.equal((await good).status, "stored");
    const { rejected, stored, spooled } = gateway.counts;
    assert.deepEqual({ rejected, stored, spooled }, { rejected: 2, stored: 1, spooled: 0 });
    const told = events.flatMap((event) => (event.kind === "rejected" ? [event.code] : []));
    assert.deepEqual(told, ["device_unknown", "reading_out_of_range"]);
  });
}

test("what the hub rejects of what MQTT has acknowledged is told by an event", async (t) => {
  const options = { ...self(), rejectionsEveryMs: 20 };
  const { gateway, events, until } = await openGateway(t, hub, "mqtt", options);
  const codes = () => events.flatMap((event) => (event.kind === "rejected" ? [event.code] : []));
  assert.equal((await gateway.publish(meterReading(instant(), 1e12))).status, "acknowledged");
  // Each look follows a reading; those that the hub has not judged by then are found by the next.
  while (codes().length === 0) await gateway.publish(meterReading(instant()));
  assert.equal((await gateway.publish(meterReading(instant(), 2e12))).status, "acknowledged");
  while (codes().length === 1) await gateway.publish(meterReading(instant()));
  await until("both, and none of the earlier ones", () => codes().length === 2);
  const told = events.flatMap((event) => (event.kind === "rejected" ? [event] : []));
  assert.deepEqual(
    told.map(({ code, path, reading }) => [code, path, reading.W, reading.der]),
    [1e12, 2e12].map((W) => ["reading_out_of_range", "/W", W, home.ders.meter.der]),
  );
  assert.equal(gateway.counts.rejected, 2);
});

test("a rejected reading that the hub keeps a part of is told by its address, and hides no other", async (t) => {
  const options = { ...self(), rejectionsEveryMs: 20 };
  const { gateway, events } = await openGateway(t, hub, "mqtt", options);
  const told = () => events.flatMap((event) => (event.kind === "rejected" ? [event] : []));
  const good = meterReading(instant());
  const large = { ...good, reading: { ...good.reading, make: "x".repeat(65_500) } };
  await Promise.all([gateway.publish(large), gateway.publish(meterReading(instant(), 1e12))]);
  while (told().length < 2) await gateway.publish(meterReading(instant()));
  const { hardwareId: name, der } = home.ders.meter;
  const hardwareId = sanitiseHardwareId(name); // as in the topic
  assert.deepEqual(
    told().map(({ code, reading }) => [code, reading.hardware_id, reading.der, reading.W]),
    [
      ["reading_too_large", hardwareId, der, undefined],
      ["reading_out_of_range", hardwareId, der, 1e12],
    ],
  );
});

test("a state that cannot be read is told, and holds up no reading", async (t) => {
  const state = () => {
    throw new Error("no sensor");
  };
  for (const via of ["mqtt", "nats"] as const) {
    const { gateway, events } = await openGateway(t, hub, via, { ...self(), state });
    const { status } = await gateway.publish(meterReading(instant()));
    assert.match(status, /^(stored|acknowledged)$/);
    const [failure] = events;
    assert.ok(failure?.kind === "failed");
    assert.match(failure.error.message, /no sensor/);
    await gateway.close();
  }
});

test("what can never be right is refused at once, and not spooled", async (t) => {
  const { gateway } = await openGateway(t, hub, "http", self());
  const good = meterReading(instant());
  const cases = [
    [{ ...good, hardwareId: "" }, "reading_invalid", "/hardware_id"],
    [{ ...good, der: "a/b" }, "reading_invalid", "/der"],
    [{ ...good, reading: { ...good.reading, timestamp: 0.5 } }, "timestamp_missing", "/timestamp"],
    [
      { ...good, reading: { ...good.reading, make: "x".repeat(70_000) } },
      "reading_too_large",
      undefined,
    ],
  ] as const;
  for (const [reading, code, path] of cases) {
    const publication = gateway.publish(reading);
    assert.equal(await publication.spooled, false);
    const delivery = await publication;
    assert.ok(delivery.status === "rejected");
    assert.deepEqual([delivery.rejection.code, delivery.rejection.path], [code, path]);
  }
  assert.equal(gateway.counts.spooled, 0);
});

test("a reading that was published twice is stored once", async (t) => {
  const { gateway } = await openGateway(t, hub, "nats", self());
  const reading = meterReading(instant());
  const deliveries = await Promise.all([gateway.publish(reading), gateway.publish(reading)]);
  const statuses = deliveries.map(({ status }) => status);
  assert.deepEqual(statuses.toSorted(), ["duplicate", "stored"]);
});

test("what is too old for MQTT is uploaded, in its place between the others", async (t) => {
  const { gateway } = await openGateway(t, hub, "mqtt", self());
  const ages = [0, 8 * 86_400_000, 365 * 86_400_000, 60_000];
  const publications = ages.map((age) => gateway.publish(meterReading(instant(age))));
  const [now, week, year, late] = await Promise.all(publications);
  assert.deepEqual([now?.status, late?.status], ["acknowledged", "acknowledged"]);
  for (const old of [week, year]) {
    assert.ok(old?.status === "stored");
    assert.equal(old.archived, true);
  }
});

test("the gateway's word about itself is shown by the hub", async (t) => {
  for (const via of ["mqtt", "nats"] as const) {
    const state = () => ({ version: `1.0-${via}`, platform: "test", devices: null });
    await openGateway(t, hub, via, { ...self(), state });
    const api = createApi(hub.url, home.token);
    for (;;) {
      const { state: word } = await api("GET", `/gateways/${home.gateway.serial}/state`);
      if (word?.value.version !== `1.0-${via}`) continue;
      assert.equal(word.value.serial, home.gateway.serial);
      break;
    }
  }
});

test("a full spool drops the oldest, counts them and says so, and sends the rest", async (t) => {
  const key = keyOf(home.gateway);
  const spoolPath = await spoolFolder(t);
  const nowhere = { url: "http://127.0.0.1:1", mqttUrl: "mqtt://127.0.0.1:1", natsUrl: "" };
  const options = { serial: home.gateway.serial, key, spoolPath, spoolBytesMax: 1_024 * 1_024 };
  const offline = await openGateway(t, nowhere, "http", options);
  const times = Array.from({ length: 500 }, () => instant());
  const note = "x".repeat(4_000);
  const publications = times.map((timestamp) => {
    const { reading, ...address } = meterReading(timestamp);
    const noted = { ...reading, note };
    return offline.gateway.publish({ ...address, reading: noted });
  });
  await Promise.all(publications.map(({ spooled }) => spooled));
  const { dropped, spooled } = offline.gateway.counts;
  assert.ok(dropped > 100, `${dropped} were dropped`);
  assert.equal(dropped + spooled, 500);
  const told = offline.events.map((event) => (event.kind === "dropped" ? event.count : 0));
  assert.equal(
    told.reduce((sum, count) => sum + count, 0),
    dropped,
  );
  await offline.gateway.close();
  const deliveries = await Promise.all(publications);
  const statuses = deliveries.map((delivery) => delivery.status);
  assert.deepEqual(statuses, [
    ...Array.from({ length: dropped }, () => "dropped"),
    ...Array.from({ length: spooled }, () => "spooled"),
  ]);

  const online = await openGateway(t, hub, "http", options);
  await online.gateway.drained();
  assert.equal(online.gateway.counts.stored, spooled);
});

test("a spool is one gateway's alone, until that is closed", async (t) => {
  const spoolPath = await spoolFolder(t);
  const options = { ...self(), spoolPath, ...wayTo(hub, "http") };
  const first = await Gateway.open(options);
  await assert.rejects(Gateway.open(options), { code: "spool_in_use" });
  await first.close();
  await using second = await Gateway.open(options);
  assert.equal(second.serial, home.gateway.serial);
});

test("a closed gateway takes nothing more and says so; its signal closes it", async (t) => {
  const controller = new AbortController();
  const { signal } = controller;
  const { gateway } = await openGateway(t, hub, "http", { ...self(), signal });
  const events = gateway.events();
  controller.abort();
  for await (const _ of events); // ends
  await gateway.close();
  const delivery = await gateway.publish(meterReading(instant()));
  assert.ok(delivery.status === "failed");
  assert.equal(delivery.error.code, "closed");
});
