import assert from "node:assert/strict";
import { test } from "node:test";
import type { StoredMessage } from "./message.ts";
import { isBackfilled, newestOf, timestampOf } from "./newest.ts";

const subject = "orgs.o.sites.s.devices.d.ders.a.telemetry.json.v1";

function payload(timestamp: number, { isLate = false, extra = "" } = {}): Buffer {
  const mark = isLate ? ',"backfilled":true' : "";
  const origin = '"org_id":"o","der_name":"roof","received_at":5';
  return Buffer.from(`{"type":"pv","timestamp":${timestamp}${extra}${mark},${origin}}`);
}

/** A stream with this DER's messages at these sequences, and how often it was read. */
function createStream(entries: readonly (readonly [sequence: number, payload: Buffer])[]) {
  const messages = entries.map(([sequence, bytes]): StoredMessage => {
    return { sequence, lastSequence: 0, subject, payload: bytes };
  });
  const state = { reads: 0 };
  return {
    state,
    last: messages.at(-1) ?? { sequence: 0, lastSequence: 0, subject, payload: payload(0) },
    reader: {
      async readLast(_filters: readonly string[], from: number, upTo: number) {
        state.reads++;
        const found = messages.findLast(({ sequence }) => sequence >= from && sequence <= upTo);
        return { messages: found === undefined ? [] : [found], isExhausted: true };
      },
    },
  };
}

test("the mark is the hub's own, whatever stands in the payload before it", () => {
  assert.ok(isBackfilled(payload(1, { isLate: true })));
  assert.ok(!isBackfilled(payload(1)));
  const forged = ',"x":{"a":1,"backfilled":true,"org_id":"o"}';
  assert.ok(!isBackfilled(payload(1, { extra: forged })));
  assert.ok(isBackfilled(payload(1, { extra: forged, isLate: true })));
  assert.ok(!isBackfilled(Buffer.from('{"type":"pv"}')));
  assert.equal(timestampOf(payload(1_767_225_600_123)), 1_767_225_600_123);
  assert.equal(timestampOf(Buffer.from("{}")), 0);
});

test("behind a backlog, the last reading that came in time is found, however long it is", async () => {
  for (const length of [1, 2, 3, 10, 1_000, 20_000]) {
    for (const spread of [1, 7]) {
      const live = Array.from(
        { length: 50 },
        (_, i) => [1 + i * 3, payload(1_000_000 + i)] as const,
      );
      const late = Array.from({ length }, (_, i) => {
        return [200 + i * spread, payload(i, { isLate: true })] as const;
      });
      const { reader, last, state } = createStream([...live, ...late]);
      const newest = await newestOf(reader, last, 1);
      assert.equal(newest.sequence, 148, `behind ${length}`);
      assert.ok(state.reads < 30, `${state.reads} reads`);
    }
  }
});

test("a backlog that goes beyond what came in time wins", async () => {
  const { reader, last } = createStream([
    [1, payload(10)],
    [2, payload(20, { isLate: true })],
    [3, payload(30, { isLate: true })],
  ]);
  assert.equal((await newestOf(reader, last, 1)).sequence, 3);
});

test("where all came late, or nothing before is asked for, the last one stays", async () => {
  const late = Array.from(
    { length: 500 },
    (_, i) => [i + 1, payload(i, { isLate: true })] as const,
  );
  const all = createStream(late);
  assert.equal((await newestOf(all.reader, all.last, 1)).sequence, 500);
  const some = createStream([[1, payload(1_000)], ...late.slice(1)]);
  assert.equal((await newestOf(some.reader, some.last, 2)).sequence, 500);
});
