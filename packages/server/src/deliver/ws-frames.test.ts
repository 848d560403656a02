import assert from "node:assert/strict";
import { test } from "node:test";
import { constants, inflateRawSync } from "node:zlib";
import { decodeCursor } from "@novacore/protocol";
import fc from "fast-check";
import { limits } from "../limits.ts";
import { EventBatch } from "./batch.ts";
import { DeliveredEvent } from "./event.ts";
import { pingFrame, readingFrames, textFrame } from "./ws-frames.ts";

/** A message ends with a flush, and not with a last block. */
const finishFlush = constants.Z_SYNC_FLUSH;

interface Frame {
  readonly first: number;
  readonly text: string;
}

/** RFC 6455 §5.2, as a client reads it; a message with RSV1 is inflated (RFC 7692 §7.2.2). */
function readFrames(bytes: Buffer): Frame[] {
  const frames: Frame[] = [];
  for (let at = 0; at < bytes.length; ) {
    const first = bytes.readUInt8(at);
    const short = bytes.readUInt8(at + 1);
    assert.ok(short < 128, "frames of a server are not masked");
    const start = at + (short < 126 ? 2 : short === 126 ? 4 : 10);
    const length =
      short < 126
        ? short
        : short === 126
          ? bytes.readUInt16BE(at + 2)
          : Number(bytes.readBigUInt64BE(at + 2));
    const payload = bytes.subarray(start, start + length);
    const tail = Buffer.from([0, 0, 0xff, 0xff]);
    const isPacked = (first & 0x40) !== 0;
    const whole = Buffer.concat([payload, tail]);
    const plain = isPacked ? inflateRawSync(whole, { finishFlush }) : payload;
    frames.push({ first, text: plain.toString() });
    at = start + length;
  }
  return frames;
}

function event(sequence: number, payload: string): DeliveredEvent {
  const address = { orgId: "o", siteId: "s", deviceId: "d", derId: "der" };
  return new DeliveredEvent(1_700_000_000_000, sequence, address, Buffer.from(payload));
}

const sizes = [0, 1, 60, 125, 126, 200, 900, 1_024, 65_400, 65_535, 65_536, 70_000];
const payloads = sizes.map((size) => `{"type":"pv","timestamp":1,"text":"${"é".repeat(size)}"}`);

test("each reading is one frame with id, cursor and the payload's own bytes, whatever its size", () => {
  const events = payloads.map((payload, i) => event(i + 1, payload));
  for (const isDeflated of [false, true]) {
    const bytes = readingFrames(events, "sub:1", { isGathered: false, isDeflated });
    const frames = readFrames(bytes);
    assert.equal(frames.length, events.length);
    for (const [i, { text }] of frames.entries()) {
      const cursor = events[i]?.cursorBytes.toString();
      assert.equal(
        text,
        `{"op":"reading","id":"sub:1","cursor":"${cursor}","reading":${payloads[i]}}`,
      );
      assert.equal(decodeCursor(cursor ?? "")?.sequence, i + 1);
    }
  }
});

test("gathered readings are one frame with the cursor of the last", () => {
  const few = payloads.slice(0, 5);
  const events = few.map((payload, i) => event(i + 1, payload));
  for (const isDeflated of [false, true]) {
    const bytes = readingFrames(events, "s", { isGathered: true, isDeflated });
    const [only, ...others] = readFrames(bytes);
    assert.equal(others.length, 0);
    const message: unknown = JSON.parse(only?.text ?? "");
    assert.deepEqual(message, {
      op: "readings",
      id: "s",
      cursor: events.at(-1)?.cursorBytes.toString(),
      readings: few.map((payload): unknown => JSON.parse(payload)),
    });
  }
});

test("only frames worth it are compressed, and marked so", () => {
  const small = { op: "pong", server_time: "2026-01-01T00:00:00.000Z" } as const;
  const large = { op: "error", code: "internal", message: "x".repeat(limits.deflateBytesMin) };
  const first = (message: Parameters<typeof textFrame>[0], isDeflated: boolean) =>
    textFrame(message, { isDeflated })[0];
  assert.equal(first(small, true), 0x81);
  assert.equal(first({ ...large, op: "error" }, true), 0xc1);
  assert.equal(first({ ...large, op: "error" }, false), 0x81);
  assert.deepEqual([...pingFrame], [0x89, 0]);
});

test("any text survives the way into a frame and out of it", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 3_000, unit: "grapheme" }), fc.boolean(), (text, packed) => {
      const message = { op: "error", code: "internal", message: text } as const;
      const [frame] = readFrames(textFrame(message, { isDeflated: packed }));
      assert.deepEqual(JSON.parse(frame?.text ?? ""), message);
    }),
  );
});

test("all who chose the same name and form share the same bytes", () => {
  const batch = new EventBatch([event(1, payloads[0] ?? "")]);
  const form = { isGathered: false, isDeflated: false };
  assert.equal(batch.frames("a", form), batch.frames("a", { ...form }));
  assert.notEqual(batch.frames("a", form), batch.frames("b", form));
  const gathered = batch.frames("a", { ...form, isGathered: true });
  assert.notDeepEqual(gathered, batch.frames("a", form));
  assert.equal(readFrames(gathered).length, 1);
});
