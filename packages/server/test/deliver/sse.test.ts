import assert from "node:assert/strict";
import { test } from "node:test";
import { SseClient } from "./sse-client.ts";
import { StreamHub, until } from "./stream-hub.ts";

test("a stored reading reaches the listener as one unnamed event with a cursor", async (t) => {
  const hub = await StreamHub.start(t);
  hub.access.orgs.set("org-1", new Set(["sit-1", "sit-2"]));
  const client = await SseClient.open({ port: hub.port, path: "/stream/sites/sit-1" });
  await client.untilPositioned();
  await hub.publish({ site: "sit-2" }, { W: -1 });
  await hub.publish({ site: "sit-1" }, { W: -2 });
  await client.untilReadings(1);
  assert.equal(client.status, 200);
  assert.match(client.head, /content-type: text\/event-stream/i);
  assert.match(client.head, /cache-control: no-store/i);
  assert.match(client.head, /x-accel-buffering: no/i);
  assert.deepEqual(client.numbers, [-2]);
  assert.equal(client.events[0]?.name, undefined);
  assert.equal(client.events[0]?.id, client.lastEventId);
  assert.ok(client.retryMs >= 1_000);
  await until(() => (hub.counts.latency ?? 0) === 1, "the latency is observed");
});

test("an HTTP/1.0 client gets the same events without chunks", async (t) => {
  const hub = await StreamHub.start(t);
  hub.access.orgs.set("org-1", new Set(["sit-1"]));
  const client = await SseClient.open({
    port: hub.port,
    path: "/stream/sites/sit-1",
    httpVersion: "1.0",
  });
  await client.untilPositioned();
  await hub.publish({ site: "sit-1" }, { W: -2 });
  await client.untilReadings(1);
  assert.doesNotMatch(client.head, /chunked/i);
  assert.deepEqual(client.numbers, [-2]);
});

test("filters by type, device and DER let only those readings through", async (t) => {
  const hub = await StreamHub.start(t);
  hub.access.orgs.set("org-1", new Set(["sit-1"]));
  const open = (query: string) =>
    SseClient.open({ port: hub.port, path: `/stream/sites/sit-1?${query}` });
  const meters = await open("types=meter,battery");
  const device = await open("devices=dev-2");
  const der = await open("ders=der-3&types=pv");
  const past = await open("ders=der-3&since=0");
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

test("a stream of several sites carries them in stream order", async (t) => {
  const hub = await StreamHub.start(t);
  hub.access.orgs.set("org-1", new Set(["sit-1", "sit-2", "sit-3"]));
  const client = await SseClient.open({
    port: hub.port,
    path: "/stream?site=sit-1&site=sit-3",
  });
  await client.untilPositioned();
  for (let i = 0; i < 30; i++) await hub.publish({ site: `sit-${1 + (i % 3)}` }, { W: i });
  await client.untilReadings(20);
  const expected = Array.from({ length: 30 }, (_, i) => i).filter((i) => i % 3 !== 1);
  assert.deepEqual(client.numbers, expected);
});

test("an organization's stream takes in new sites and drops removed ones", async (t) => {
  const hub = await StreamHub.start(t);
  const sites = new Set(["sit-1", "sit-2"]);
  hub.access.orgs.set("org-1", sites);
  const client = await SseClient.open({ port: hub.port, path: "/stream/orgs/org-1" });
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

test("a snapshot begins with the last reading of each DER, then goes live without a hole", async (t) => {
  const hub = await StreamHub.start(t);
  hub.access.orgs.set("org-1", new Set(["sit-1"]));
  for (let i = 0; i < 12; i++) await hub.publish({ site: "sit-1", der: `der-${i % 3}` }, { W: i });
  const client = await SseClient.open({
    port: hub.port,
    path: "/stream/sites/sit-1?snapshot=true&events=all",
  });
  await until(() => client.named("caught_up").length === 1, "the stream is live");
  assert.deepEqual(client.numbers, [9, 10, 11]);
  await hub.publish({ site: "sit-1" }, { W: 100 });
  await client.untilReadings(4);
  assert.deepEqual(client.numbers, [9, 10, 11, 100]);
});

test("min_interval_ms sends the newest reading of each DER, once per interval", async (t) => {
  const hub = await StreamHub.start(t);
  hub.access.orgs.set("org-1", new Set(["sit-1"]));
  const client = await SseClient.open({
    port: hub.port,
    path: "/stream/sites/sit-1?min_interval_ms=300",
  });
  await client.untilPositioned();
  for (let i = 1; i <= 20; i++) {
    await hub.publish({ site: "sit-1", der: "der-1" }, { W: i, timestamp: 1_000 + i });
    await hub.publish({ site: "sit-1", der: "der-2" }, { W: -i, timestamp: 1_000 + i });
  }
  await until(() => client.numbers.includes(20) && client.numbers.includes(-20), "the newest come");
  const sent = client.numbers.length;
  assert.ok(sent < 40, `${sent} readings were sent`);
  assert.equal((hub.counts.conflated ?? 0) + sent, 40);
});

test("heartbeats are comments with the server's time and the head of the stream", async (t) => {
  const hub = await StreamHub.start(t, { heartbeatMs: 100 });
  hub.access.orgs.set("org-1", new Set(["sit-1"]));
  const client = await SseClient.open({ port: hub.port, path: "/stream/sites/sit-1" });
  await client.untilPositioned();
  await hub.publish({ site: "sit-1" }, { W: 1 });
  await client.untilReadings(1);
  const seen = client.comments.length;
  await until(() => client.comments.length > seen + 1, "heartbeats come");
  const last = client.comments.at(-1) ?? "";
  assert.match(last, /^heartbeat \d{4}-\d\d-\d\dT[\d:.]+Z head=[\w-]{19}$/);
  assert.ok(last.endsWith(`head=${client.lastEventId}`));
  assert.equal(client.events.length, 1);
});

test("a wrong request is answered with JSON and a status, before any stream", async (t) => {
  const hub = await StreamHub.start(t);
  hub.access.orgs.set("org-1", new Set(["sit-1"]));
  const get = async (path: string, identity = "idt-1") => {
    const response = await fetch(`http://127.0.0.1:${hub.port}${path}`, {
      headers: identity === "" ? {} : { authorization: `Bearer ${identity}` },
    });
    const body: { error: string; message: string } = JSON.parse(await response.text());
    return { status: response.status, ...body };
  };
  const cases = [
    ["/stream/sites/sit-1", "", 401, "unauthenticated"],
    ["/stream/sites/sit-9", "idt-1", 404, "not_found"],
    ["/stream/orgs/org-9", "idt-1", 404, "not_found"],
    ["/stream", "idt-1", 422, "validation_failed"],
    ["/stream/sites/sit-1?cursor=nonsense", "idt-1", 400, "cursor_invalid"],
    ["/stream/sites/sit-1?cursor=a%0d%0adata:x", "idt-1", 400, "cursor_invalid"],
    ["/stream/sites/sit-1?types=solar", "idt-1", 422, "validation_failed"],
    ["/stream/sites/sit-1?since=yesterday", "idt-1", 422, "validation_failed"],
    ["/stream/sites/sit-1?min_interval_ms=5", "idt-1", 422, "validation_failed"],
    ["/stream/sites/sit-1?mode=all&min_interval_ms=500", "idt-1", 422, "validation_failed"],
    ["/stream/sites/sit-1?ticket=nobodys", "", 401, "ticket_invalid"],
  ] as const;
  for (const [path, identity, status, code] of cases) {
    const answer = await get(path, identity);
    assert.deepEqual([answer.status, answer.error], [status, code], path);
  }
  const { message } = await get("/stream/sites/sit-1?cursor=a%0d%0adata:x");
  assert.match(message, /split an SSE event/);
  assert.equal(hub.delivery.usage.subscribers, 0);
});

test("a payload with a raw line break is refused and never splits an event", async (t) => {
  const hub = await StreamHub.start(t);
  hub.access.orgs.set("org-1", new Set(["sit-1"]));
  const client = await SseClient.open({ port: hub.port, path: "/stream/sites/sit-1" });
  await client.untilPositioned();
  await hub.publishRaw("sit-1", '{"type":"pv",\n\nevent: reset\ndata: {}\n\n"W":1}');
  await hub.publish({ site: "sit-1" }, { W: 2 });
  await client.untilReadings(1);
  assert.deepEqual(client.numbers, [2]);
  assert.equal(client.events.length, 1);
});

test("a ticket opens the streams of its sites and no others", async (t) => {
  const hub = await StreamHub.start(t);
  hub.access.orgs.set("org-1", new Set(["sit-1", "sit-2"]));
  const base = `http://127.0.0.1:${hub.port}`;
  const response = await fetch(`${base}/stream/tickets`, {
    method: "POST",
    headers: { authorization: "Bearer idt-1", "content-type": "application/json" },
    body: JSON.stringify({ site_ids: ["sit-1"] }),
  });
  assert.equal(response.status, 201);
  const { ticket }: { ticket: string } = JSON.parse(await response.text());
  const open = (path: string) => SseClient.open({ port: hub.port, path, identity: "" });
  const client = await open(`/stream/sites/sit-1?ticket=${ticket}`);
  await client.untilPositioned();
  await hub.publish({ site: "sit-1" }, { W: 7 });
  await client.untilReadings(1);
  const other = await open(`/stream/sites/sit-2?ticket=${ticket}`);
  assert.equal(other.status, 401);
});

test("a HEAD request gets the head and opens nothing", async (t) => {
  const hub = await StreamHub.start(t);
  hub.access.orgs.set("org-1", new Set(["sit-1"]));
  const response = await fetch(`http://127.0.0.1:${hub.port}/stream/sites/sit-1`, {
    method: "HEAD",
    headers: { authorization: "Bearer idt-1" },
  });
  assert.equal(response.status, 200);
  assert.match(response.headers.get("content-type") ?? "", /text\/event-stream/);
  assert.equal(hub.delivery.usage.subscribers, 0);
});
