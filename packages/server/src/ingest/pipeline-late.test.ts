import assert from "node:assert/strict";
import { test } from "node:test";
import type { Outcome, ReadingStore } from "./pipeline.ts";
import { createBench, now, raw, type Sent, stored, turn } from "./pipeline-bench.ts";

test("a reading late by more than five minutes is marked, whatever its payload claims", async () => {
  const { pipeline, sent } = createBench();
  for (const [lateMs, backfilled] of [
    [300_000, true],
    [300_001, false],
  ] as const) {
    pipeline.submit(raw({ timestamp: now - lateMs, backfilled }), () => undefined);
    await turn();
  }
  assert.deepEqual(
    sent.map(({ reading }) => reading.backfilled),
    [undefined, true],
  );
  assert.deepEqual(Object.keys(sent[1]?.reading ?? {}).slice(0, 3), [
    "type",
    "timestamp",
    "backfilled",
  ]);
  assert.equal(Object.keys(sent[1]?.reading ?? {}).at(-1), "received_at");
  pipeline.close();
});

test("what is too old for the stream goes to the archive where the way in allows it", async () => {
  const { pipeline, sent, counts } = createBench();
  const archived: Sent[] = [];
  const archive = {
    send(...[subject, payload, id, answer]: Parameters<ReadingStore["send"]>) {
      archived.push({ subject, reading: JSON.parse(payload.toString()), id, answer });
    },
  };
  const timestamp = now - 7 * 86_400_000 - 1;
  const outcomes: Outcome[] = [];
  for (let copy = 0; copy < 2; copy++) {
    pipeline.submit({ ...raw({ timestamp, W: 5 }), archive }, (each) => outcomes.push(each));
    await turn();
  }
  assert.deepEqual(
    archived.map(({ subject, id }) => [subject, id]),
    Array(2).fill([
      "backfill.orgs.org.sites.sit.devices.dev.ders.der.telemetry.json.v1",
      `der:${timestamp}`,
    ]),
  );
  assert.equal(archived[0]?.reading.backfilled, true);
  archived[0]?.answer(stored);
  archived[1]?.answer({ ...stored, duplicate: true });
  assert.deepEqual(outcomes, [
    { ok: true, duplicate: false, archived: true },
    { ok: true, duplicate: true, archived: true },
  ]);
  const fresh = pipeline.accept({ ...raw({ timestamp: now }), archive });
  await turn();
  sent[0]?.answer(stored);
  assert.deepEqual(await fresh, { ok: true, duplicate: false, sequence: 7 });
  assert.deepEqual(counts.slice(2, 4), ["archived", "duplicate"]);
  const older = await pipeline.accept({ ...raw({ timestamp: now - 3_651 * 86_400_000 }), archive });
  assert.ok(!older.ok && older.code === "reading_too_old");
  const unkept = await pipeline.accept({ ...raw({ timestamp }), archive: "none" });
  assert.ok(!unkept.ok && unkept.code === "reading_too_old");
  assert.match(unkept.message, /more than 7 days old; this hub has no archive/);
  pipeline.close();
});

test("when each reading was taken and came is told, also of one that is refused for it", async () => {
  const notes: unknown[] = [];
  const clocks = { note: (serial: string, note: object) => notes.push([serial, note]) };
  const { pipeline } = createBench("active", clocks);
  const timestamp = now + 400_000;
  await pipeline.accept(raw({ timestamp, read_time_ms: 12 }));
  await pipeline.accept(raw({ timestamp, read_time_ms: "12" }));
  await pipeline.accept(raw({ W: 1 }));
  pipeline.submit(raw({ timestamp: now }), () => undefined);
  await turn();
  const note = { timestampMs: timestamp, receivedAtMs: now, readTimeMs: 12, isTaken: false };
  const taken = { timestampMs: now, receivedAtMs: now, readTimeMs: undefined, isTaken: true };
  assert.deepEqual(notes, [
    ["gw", note],
    ["gw", taken],
  ]);
  pipeline.close();
});
