import assert from "node:assert/strict";
import { test } from "node:test";
import { jetstreamManager } from "@nats-io/jetstream";
import { enrichedStream } from "../../src/store/stream-configs.ts";
import { ensureStreams } from "../../src/store/streams.ts";
import { runNats } from "../nats/running-nats.ts";

test("streams are made once; a second start finds them as they are", async (t) => {
  const nats = await runNats(t);
  if (nats === undefined) return;
  const connections = {
    hub: await nats.connect("HUB"),
    dev: await nats.connect("DEV"),
    sys: await nats.connect("SYS"),
  };
  const first = await ensureStreams(connections);
  assert.equal(first.durability, "fsync");
  assert.equal(first.enrichedLastSequence, 0);
  assert.ok(Math.abs(first.enrichedEpoch - Date.now()) < 60_000);
  assert.deepEqual(await ensureStreams(connections), first);
});

test("a limit that changed is brought up to date, without a new epoch", async (t) => {
  const nats = await runNats(t);
  if (nats === undefined) return;
  const connections = { hub: await nats.connect("HUB"), dev: await nats.connect("DEV") };
  const first = await ensureStreams(connections);
  const { streams } = await jetstreamManager(connections.hub);
  const { config } = await streams.info(enrichedStream);
  await streams.update(enrichedStream, { ...config, max_bytes: 1_000_000 });
  assert.deepEqual(await ensureStreams(connections), first);
  assert.equal((await streams.info(enrichedStream)).config.max_bytes, config.max_bytes);
});

test("a stream that cannot become what is needed is named, with the reason", async (t) => {
  const nats = await runNats(t);
  if (nats === undefined) return;
  const connections = { hub: await nats.connect("HUB"), dev: await nats.connect("DEV") };
  const { streams } = await jetstreamManager(connections.hub);
  await streams.add({ name: enrichedStream, subjects: ["orgs.>"], storage: "memory" });
  await assert.rejects(ensureStreams(connections), {
    message: /ENRICHED_TELEMETRY exists and cannot be changed as needed: .*storage/,
  });
});

test("without anybody to ask, an acknowledgement promises the page cache only", async (t) => {
  const nats = await runNats(t);
  if (nats === undefined) return;
  const { durability } = await ensureStreams({
    hub: await nats.connect("HUB"),
    dev: await nats.connect("DEV"),
  });
  assert.equal(durability, "page-cache");
});
