import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import { decodeCursor } from "@novacore/protocol";
import { createConditions } from "../../../../test/support/conditions.ts";
import type { UploadAnswer } from "../../src/ingest/upload.ts";
import { natsGateway } from "../nats/clients.ts";
import { nextMs, runIngest } from "./ingest-bench.ts";

const reading = (members: object = {}) => ({
  hardware_id: "acme:1.5",
  der: "m",
  timestamp: nextMs(),
  ...members,
});

async function start(t: TestContext) {
  const bench = await runIngest(t, createConditions());
  if (bench === undefined) return undefined;
  const gateway = await natsGateway(t, bench.nats.nats, "gw-1");
  const request = async (body: string | Uint8Array): Promise<UploadAnswer & { error?: string }> => {
    const message = await gateway.request("gateways.gw-1.telemetry.batch", body, {
      timeout: 10_000,
    });
    return message.json();
  };
  return { bench, gateway, request };
}

test("a batch is answered reading by reading, once they are on disk", async (t) => {
  const started = await start(t);
  if (started === undefined) return;
  const { bench, request } = started;
  const first = reading();
  const answer = await request(
    JSON.stringify([first, { ...first }, reading({ W: "1" }), reading()]),
  );
  const { results, ...counts } = answer;
  assert.deepEqual(counts, { accepted: 2, duplicates: 1, rejected: 1, durability: "fsync" });
  assert.deepEqual(
    results.map(({ index, status }) => [index, status]),
    [
      [0, "stored"],
      [1, "duplicate"],
      [2, "rejected"],
      [3, "stored"],
    ],
  );
  const [stored, , rejected] = results;
  assert.ok(stored?.status === "stored" && rejected?.status === "rejected");
  assert.equal(decodeCursor(stored.cursor ?? "")?.epoch, bench.store.enrichedEpoch);
  assert.deepEqual([rejected.error, rejected.path], ["reading_invalid", "/W"]);
  assert.deepEqual(await bench.refused("gw-1"), ["reading_invalid"]);
});

test("lines, gzip and a repeated upload", async (t) => {
  const started = await start(t);
  if (started === undefined) return;
  const body = [reading(), reading()].map((each) => JSON.stringify(each)).join("\n");
  const first = await started.request(gzipSync(body));
  const again = await started.request(body);
  assert.deepEqual([first.accepted, again.accepted, again.duplicates], [2, 0, 2]);
});

test("10 000 readings in one request are stored", async (t) => {
  const started = await start(t);
  if (started === undefined) return;
  const many = Array.from({ length: 10_000 }, () => JSON.stringify(reading({ W: 1 })));
  const answer = await started.request(many.join("\n"));
  assert.deepEqual([answer.accepted, answer.rejected], [10_000, 0]);
});

test("a body that cannot be read is answered with a code", async (t) => {
  const started = await start(t);
  if (started === undefined) return;
  assert.equal((await started.request("[{")).error, "malformed_request");
  assert.equal((await started.request("")).error, "malformed_request");
});

test("an answer goes to an inbox of the gateway, and nowhere else it names", async (t) => {
  const started = await start(t);
  if (started === undefined) return;
  const { bench, gateway, request } = started;
  const dev = await bench.nats.connect("DEV");
  const overheard: string[] = [];
  dev.subscribe("gateways.>", {
    callback: (_error, { subject }) => {
      overheard.push(subject);
    },
  });
  await dev.flush();
  const body = JSON.stringify(reading());
  for (const reply of ["gateways.gw-2.control", "_INBOX_gw-2.x", "_INBOX_gw-1"]) {
    gateway.publish("gateways.gw-1.telemetry.batch", body, { reply });
  }
  assert.equal((await request(body)).duplicates, 1);
  await dev.flush();
  gateway.publish("gateways.gw-1.telemetry.batch", "[{");
  let refused: string[] = [];
  while (refused.length === 0) refused = await bench.refused("gw-1");
  assert.deepEqual(refused, ["malformed_request"], "nobody could be told");
  assert.ok(overheard.every((subject) => subject === "gateways.gw-1.telemetry.batch"));
});
