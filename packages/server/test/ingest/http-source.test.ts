import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import { jetstreamManager } from "@nats-io/jetstream";
import { type EnrichedReading, NovacoreError, parseBackfillSubject } from "@novacore/protocol";
import { type FastifyInstance, fastify } from "fastify";
import { createConditions } from "../../../../test/support/conditions.ts";
import { httpSource } from "../../src/ingest/http-source.ts";
import type { UploadAnswer } from "../../src/ingest/upload.ts";
import { limits } from "../../src/limits.ts";
import { backfillStream } from "../../src/store/stream-configs.ts";
import { type IngestBench, nextMs, runIngest } from "./ingest-bench.ts";

const reading = (members: object = {}) => ({
  hardware_id: "acme:1.5",
  der: "m",
  timestamp: nextMs(),
  ...members,
});

interface Started {
  readonly bench: IngestBench;
  readonly app: FastifyInstance;
  readonly port: number;
  post(
    body: string | Uint8Array,
    headers?: Record<string, string>,
    serial?: string,
  ): Promise<{
    status: number;
    answer: UploadAnswer & { error?: string };
    retryAfter: string | null;
  }>;
}

async function start(t: TestContext): Promise<Started | undefined> {
  const bench = await runIngest(t, createConditions());
  if (bench === undefined) return undefined;
  const app = fastify();
  app.setErrorHandler((error, _request, reply) => {
    if (!(error instanceof NovacoreError)) return reply.code(500).send({ error: String(error) });
    return reply.code(error.status).send({ error: error.code, message: error.message });
  });
  await app.register(httpSource, {
    uploads: bench.ingest.uploads,
    authorizeUpload: async (_request, serial) => {
      if (serial !== "gw-1") throw new NovacoreError("not_found");
    },
  });
  await app.listen({ port: 0, host: "127.0.0.1" });
  t.after(() => app.close());
  const address = app.addresses().find((each) => typeof each === "object");
  const port = address?.port ?? 0;
  return {
    bench,
    app,
    port,
    async post(body, headers = {}, serial = "gw-1") {
      const response = await fetch(`http://127.0.0.1:${port}/gateways/${serial}/telemetry`, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: typeof body === "string" ? body : Buffer.from(body),
      });
      const answer: UploadAnswer & { error?: string } = JSON.parse(await response.text());
      return { status: response.status, answer, retryAfter: response.headers.get("retry-after") };
    },
  };
}

test("an array is stored and answered with 200, one with a bad reading with 207", async (t) => {
  const started = await start(t);
  if (started === undefined) return;
  const good = await started.post(JSON.stringify([reading(), reading()]));
  assert.deepEqual([good.status, good.answer.accepted, good.answer.durability], [200, 2, "fsync"]);
  const mixed = await started.post(JSON.stringify([reading(), reading({ W: "x" })]));
  assert.deepEqual([mixed.status, mixed.answer.accepted, mixed.answer.rejected], [207, 1, 1]);
  await started.bench.until("all live", () => started.bench.stored.length === 3);
});

test("NDJSON with a broken line, and gzip", async (t) => {
  const started = await start(t);
  if (started === undefined) return;
  const lines = `${JSON.stringify(reading())}\n{"W":\n${JSON.stringify(reading())}\n`;
  const { status, answer } = await started.post(gzipSync(lines), {
    "content-type": "application/x-ndjson; charset=utf-8",
    "content-encoding": "gzip",
  });
  assert.deepEqual([status, answer.accepted, answer.rejected], [207, 2, 1]);
});

test("what is too old for the stream is stored for the archive, the same upload again once", async (t) => {
  const started = await start(t);
  if (started === undefined) return;
  const { bench, post } = started;
  const eightDaysAgo = Date.now() - 8 * 86_400_000;
  const old = Array.from({ length: 600 }, (_, i) => reading({ timestamp: eightDaysAgo + i, W: i }));
  const fresh = reading();
  const ancient = reading({ timestamp: eightDaysAgo - 10 * 366 * 86_400_000 });
  const body = JSON.stringify([...old, old[0], fresh, ancient]);
  const { status, answer } = await post(body);
  const { results, ...counts } = answer;
  assert.equal(status, 207);
  assert.deepEqual(counts, { accepted: 601, duplicates: 1, rejected: 1, durability: "fsync" });
  assert.deepEqual(results[0], { index: 0, status: "stored", archived: true });
  assert.deepEqual(results[600], { index: 600, status: "duplicate", archived: true });
  assert.ok(results[601]?.status === "stored" && results[601].cursor !== undefined);
  assert.ok(results[602]?.status === "rejected" && results[602].error === "reading_too_old");
  const again = await post(body);
  assert.deepEqual([again.answer.accepted, again.answer.duplicates], [0, 602]);
  const stream = await backfilled(bench);
  assert.equal(stream.length, 600);
  assert.deepEqual(
    stream.map(({ timestamp }) => timestamp),
    old.map(({ timestamp }) => timestamp),
  );
  assert.ok(stream.every((each) => each.backfilled && each.der_id === "der-m"));
  await bench.until("the fresh one is live", () => bench.stored.length === 1);
  assert.equal(bench.stored[0]?.backfilled, undefined);
});

test("while the stream of old readings is full, those that fit are stored, and the others told at once", async (t) => {
  const started = await start(t);
  if (started === undefined) return;
  const { bench, post } = started;
  const manager = await jetstreamManager(await bench.nats.connect("HUB"));
  await manager.streams.update(backfillStream, { max_bytes: 40_000 });
  const startMs = Date.now() - 8 * 86_400_000;
  const old = (from: number, count: number) =>
    JSON.stringify(
      Array.from({ length: count }, (_, i) => reading({ timestamp: startMs + from + i })),
    );
  assert.equal(bench.store.backfill.isFull, false);
  const some = await post(old(0, 300));
  assert.deepEqual([some.status, some.retryAfter], [207, "60"]);
  const rejected = some.answer.results.filter((result) => result.status === "rejected");
  assert.ok(rejected.every(({ error }) => error === "archive_behind"));
  assert.ok(some.answer.accepted > 50, `${some.answer.accepted} fitted`);
  assert.equal(some.answer.accepted + rejected.length, 300);
  assert.equal((await backfilled(bench)).length, some.answer.accepted);
  assert.equal(bench.store.backfill.isFull, true);
  const none = await post(old(1_000, 300));
  assert.deepEqual([none.status, none.answer.error], [503, "archive_behind"]);
  assert.equal(none.retryAfter, "60");
  assert.equal((await post(JSON.stringify([reading()]))).status, 200, "of now");
  await manager.streams.update(backfillStream, { max_bytes: 400_000 });
  assert.equal((await post(old(1_000, 300))).answer.accepted, 300, "when there is room again");
});

test("old readings of too many days are left for another upload", async (t) => {
  const started = await start(t);
  if (started === undefined) return;
  const { bench, post } = started;
  const count = limits.uploadOldDaysMax + 2;
  const startMs = Date.now() - 8 * 86_400_000;
  const readings = Array.from({ length: count }, (_, day) =>
    reading({ timestamp: startMs - day * 86_400_000 }),
  );
  const { status, answer } = await post(JSON.stringify(readings));
  assert.deepEqual([status, answer.accepted], [207, limits.uploadOldDaysMax]);
  const [first] = answer.results.filter((result) => result.status === "rejected");
  assert.deepEqual([first?.error, first?.path], ["too_many_days", "/timestamp"]);
  const rest = await post(JSON.stringify(readings.slice(first?.index)));
  assert.deepEqual([rest.status, rest.answer.accepted], [200, 2]);
  assert.equal((await backfilled(bench)).length, count);
  assert.deepEqual(await bench.refused("gw-1"), [], "what may come again is not kept as refused");
});

test("a broken body, a bomb, another encoding and too many readings are refused whole", async (t) => {
  const started = await start(t);
  if (started === undefined) return;
  const bomb = gzipSync(Buffer.alloc(limits.uploadBytesMax + 1, " "));
  const many = JSON.stringify(Array.from({ length: limits.batchReadingsMax + 1 }, () => ({})));
  const refused = [
    await started.post("[{"),
    await started.post(bomb, { "content-encoding": "gzip" }),
    await started.post("{}", { "content-encoding": "gzip" }),
    await started.post("{}", { "content-encoding": "br" }),
    await started.post(many),
  ];
  assert.deepEqual(
    refused.map(({ status, answer }) => [status, answer.error]),
    [
      [400, "malformed_request"],
      [413, "payload_too_large"],
      [400, "malformed_request"],
      [415, "unsupported_media_type"],
      [413, "payload_too_large"],
    ],
  );
});

test("who may not upload is refused before the body is read", async (t) => {
  const started = await start(t);
  if (started === undefined) return;
  const socket = connect(started.port, "127.0.0.1");
  socket.write(
    "POST /gateways/gw-2/telemetry HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" +
      "Content-Length: 1000000\r\n\r\n[",
  );
  const [head] = await once(socket, "data");
  socket.destroy();
  assert.match(String(head), /^HTTP\/1\.1 404 /);
});

test("a gateway that holds its places gets no more, and gets them back", async (t) => {
  const started = await start(t);
  if (started === undefined) return;
  const { uploads } = started.bench.ingest;
  const leave = Array.from({ length: limits.uploadsPerGatewayMax }, () => uploads.enter("gw-1"));
  const refused = await started.post(JSON.stringify(reading()));
  assert.deepEqual([refused.status, refused.answer.error], [429, "rate_limited"]);
  for (const each of leave) each();
  for (let i = 0; i < 2 * limits.uploadsPerGatewayMax; i++) {
    assert.equal((await started.post(JSON.stringify(reading()))).status, 200);
  }
});

/** What stands for the archive, in order. */
async function backfilled(bench: IngestBench): Promise<EnrichedReading[]> {
  const { direct } = await jetstreamManager(await bench.nats.connect("HUB"));
  const messages = await direct.getBatch(backfillStream, { seq: 1, batch: 10_000 });
  const readings: EnrichedReading[] = [];
  for await (const message of messages) {
    const reading = message.json<EnrichedReading>();
    assert.equal(parseBackfillSubject(message.subject)?.derId, reading.der_id);
    readings.push(reading);
  }
  return readings;
}
