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
    [`/stream/sites/sit-1?ders=${"1,".repeat(5_000)}1`, "idt-1", 422, "validation_failed"],
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

test("a Last-Event-ID that is not ours is answered with a reset, as any 4xx stops an EventSource", async (t) => {
  const hub = await StreamHub.start(t);
  hub.access.orgs.set("org-1", new Set(["sit-1"]));
  const open = (query: string) =>
    SseClient.open({ port: hub.port, path: `/stream/sites/sit-1${query}`, lastEventId: "1234" });
  const foreign = await open("?events=all");
  await until(() => foreign.named("reset").length === 1, "the reset comes");
  assert.equal(foreign.named("reset")[0]?.reason, "cursor_invalid");
  const quiet = await open("");
  await until(() => quiet.comments.some((text) => text.startsWith("reset ")), "the comment comes");
  assert.deepEqual(quiet.events, []);
  await hub.publish({ site: "sit-1" }, { W: 11 });
  for (const client of [foreign, quiet]) {
    await client.untilReadings(1);
    assert.deepEqual(client.numbers, [11]);
  }
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
