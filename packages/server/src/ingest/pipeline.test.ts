import assert from "node:assert/strict";
import { test } from "node:test";
import { type ErrorCode, NovacoreError } from "@novacore/protocol";
import type { Outcome } from "./pipeline.ts";
import { createBench, now, raw, stored, turn } from "./pipeline-bench.ts";

test("a reading is stored under its platform ids and answered with its sequence", async () => {
  const { pipeline, sent, counts } = createBench();
  const outcome = pipeline.accept(raw({ timestamp: now, W: 5 }));
  await turn();
  assert.equal(sent[0]?.subject, "orgs.org.sites.sit.devices.dev.ders.der.telemetry.json.v1");
  assert.equal(sent[0]?.id, `der:${now}`);
  assert.equal(
    JSON.stringify(sent[0]?.reading),
    JSON.stringify({
      type: "meter",
      timestamp: now,
      W: 5,
      org_id: "org",
      site_id: "sit",
      device_id: "dev",
      der_id: "der",
      der_name: "m",
      received_at: now,
    }),
  );
  sent[0]?.answer(stored);
  assert.deepEqual(await outcome, { ok: true, duplicate: false, sequence: 7 });
  assert.deepEqual(counts, ["received nats", "stored"]);
  pipeline.close();
});

test("two copies under way are stored once, and neither is answered before", async () => {
  const { pipeline, sent } = createBench();
  const outcomes: Outcome[] = [];
  for (let i = 0; i < 2; i++) {
    pipeline.submit(raw({ timestamp: now }), (outcome) => outcomes.push(outcome));
    await turn();
  }
  assert.deepEqual([sent.length, outcomes.length], [1, 0]);
  sent[0]?.answer(stored);
  assert.deepEqual(outcomes, [
    { ok: true, duplicate: false, sequence: 7 },
    { ok: true, duplicate: true, sequence: 7 },
  ]);
  assert.deepEqual(await pipeline.accept(raw({ timestamp: now })), { ok: true, duplicate: true });
  pipeline.close();
});

test("what the store does not take is not remembered, and its copy fails with it", async () => {
  const { pipeline, sent } = createBench();
  const outcomes: Outcome[] = [];
  for (let i = 0; i < 2; i++) {
    pipeline.submit(raw({ timestamp: now }), (outcome) => outcomes.push(outcome));
    await turn();
  }
  sent[0]?.answer(new NovacoreError("unavailable"));
  assert.deepEqual(
    outcomes.map((outcome) => !outcome.ok && outcome.retryable),
    [true, true],
  );
  const again = pipeline.accept(raw({ timestamp: now }));
  sent[1]?.answer(stored);
  assert.deepEqual(await again, { ok: true, duplicate: false, sequence: 7 });
  pipeline.close();
});

test("what an earlier life of the hub stored is a duplicate", async () => {
  const { pipeline, sent } = createBench();
  pipeline.remember(`der:${now}`);
  assert.deepEqual(await pipeline.accept(raw({ timestamp: now })), { ok: true, duplicate: true });
  assert.equal(sent.length, 0);
  pipeline.close();
});

/** Numbers for names: what JSON.stringify walks by recursion, until the stack is full. */
const nested = `${'{"0":'.repeat(10_800)}1${"}".repeat(10_800)}`;

const refusals: readonly (readonly [string, object | string, string, ErrorCode])[] = [
  ["not JSON", "{", "m", "reading_malformed"],
  ["too large", `{"x":"${"x".repeat(70_000)}"}`, "m", "reading_too_large"],
  ["of an unknown DER", { timestamp: now }, "nobody", "der_unknown"],
  ["with a wrong member", { timestamp: now, W: "1" }, "m", "reading_invalid"],
  ["nested as deep as it fits", `{"timestamp":${nested}}`, "m", "timestamp_missing"],
  ["of a type nested as deep", `{"timestamp":${now},"type":${nested}}`, "m", "reading_invalid"],
  ["with a member nested as deep", `{"timestamp":${now},"W":${nested}}`, "m", "reading_invalid"],
  ["with a stranger nested as deep", `{"timestamp":${now},"x":${nested}}`, "m", "reading_invalid"],
  ["without a timestamp", { W: 1 }, "m", "timestamp_missing"],
  ["from the future", { timestamp: now + 301_000 }, "m", "reading_in_future"],
  ["too old", { timestamp: now - 7 * 86_400_000 - 1 }, "m", "reading_too_old"],
];

for (const [name, reading, der, code] of refusals) {
  test(`a reading that is ${name} is recorded with its bytes as ${code}`, async () => {
    const { pipeline, sent, rejected, counts } = createBench();
    const message = raw(reading, der);
    const outcome = await pipeline.accept(message);
    assert.ok(!outcome.ok && !outcome.retryable);
    assert.equal(outcome.code, code);
    assert.equal(sent.length, 0);
    assert.deepEqual(rejected[0]?.original, message.payload);
    assert.deepEqual([rejected[0]?.code, rejected[0]?.serial, rejected[0]?.der], [code, "gw", der]);
    assert.deepEqual(counts, ["received nats", `rejected ${code}`]);
    pipeline.close();
  });
}

test("a reading over which the hub itself fails is refused, and the next one is taken", async () => {
  const { pipeline, sent, rejected } = createBench();
  const source = { serial: "gw", hardwareId: "hw", der: "m", receivedAtMs: now };
  const hostile = {
    get timestamp(): number {
      throw new RangeError("Maximum call stack size exceeded");
    },
  };
  const outcome = await new Promise<Outcome>((resolve) => {
    const original = () => Buffer.from("{}");
    pipeline.submitParsed({ ...source, transport: "http" }, hostile, original, resolve);
  });
  assert.ok(!outcome.ok && !outcome.retryable);
  assert.deepEqual([outcome.code, rejected[0]?.code], ["internal", "internal"]);
  pipeline.submit(raw({ timestamp: now }), () => undefined);
  await turn();
  assert.equal(sent.length, 1);
  pipeline.close();
});

test("a clock 5 minutes ahead and a backfill of 7 days are taken", async () => {
  const { pipeline, sent } = createBench();
  for (const timestamp of [now + 300_000, now - 7 * 86_400_000]) {
    const outcome = pipeline.accept(raw({ timestamp }));
    await turn();
    sent.at(-1)?.answer(stored);
    assert.ok((await outcome).ok);
  }
  pipeline.close();
});

test("a rejection that could not be recorded is no final answer", async () => {
  const { pipeline, loseRejections, counts } = createBench();
  loseRejections();
  const outcome = await pipeline.accept(raw("{"));
  assert.ok(!outcome.ok && outcome.retryable);
  assert.ok(counts.includes("lost"));
  pipeline.close();
});

test("a pending device is activated once it has a stored reading, not at every one", async () => {
  const { pipeline, sent, activated } = createBench("pending");
  for (let i = 0; i < 3; i++) pipeline.submit(raw({ timestamp: now + i }), () => undefined);
  await turn();
  assert.deepEqual(activated, []);
  for (const each of sent) each.answer(stored);
  assert.deepEqual(activated, ["dev"]);
  pipeline.close();
});
