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
  assert.ok(client.retryMs >= 1_000);
  await until(() => (hub.counts["latency"] ?? 0) === 1, "the latency is observed");
});
