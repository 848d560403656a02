import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeCursor, encodeCursor, NovacoreError } from "@novacore/protocol";
import {
  type HeldReadings,
  type Position,
  resolvePosition,
  toHeldReadings,
} from "./consumer-position.ts";

const epoch = 1_790_000_000_000;
const oldestMs = epoch + 1_000;
const held: HeldReadings = {
  ...{ epoch, oldest: 101, newest: 200, oldestMs },
  completeSinceMs: oldestMs,
};
const young: HeldReadings = { ...held, oldest: 1, completeSinceMs: Number.NEGATIVE_INFINITY };
const silent: HeldReadings = { ...held, completeSinceMs: epoch + 50 };
const emptied: HeldReadings = { ...held, oldest: 201 };

/** Reading n was stored n ms after the epoch. */
const firstStoredIn = (bounds: HeldReadings) => async (timeMs: number) => {
  const sequence = Math.max(bounds.oldest, timeMs - epoch);
  return sequence > bounds.newest ? undefined : sequence;
};
const cursorAt = (sequence: number, fromOldest = false): Position => ({
  kind: "cursor",
  cursor: encodeCursor({ epoch, sequence }),
  fromOldest,
});
const sinceMs = (timeMs: number, fromOldest = false): Position => ({
  kind: "since",
  sinceMs: timeMs,
  fromOldest,
});

const starts: [name: string, Position, HeldReadings, after: number][] = [
  ["new starts after the newest", { kind: "new" }, held, 200],
  ["a cursor starts after it", cursorAt(150), held, 150],
  ["the last cursor that still has a successor", cursorAt(100), held, 100],
  ["the newest cursor", cursorAt(200), held, 200],
  ["the cursor before everything, of a stream that lost nothing", cursorAt(0), young, 0],
  ["the newest cursor of a stream whose readings are all gone", cursorAt(200), emptied, 200],
  ["a cursor too old, where the oldest will do", cursorAt(5, true), held, 100],
  ["a time after the newest", sinceMs(epoch + 5_000), held, 200],
  ["a time before a stream that lost nothing", sinceMs(0), young, 0],
  ["a time too old, where the oldest will do", sinceMs(0, true), held, 100],
  ["a time in a silence before the oldest", sinceMs(epoch + 60), silent, 100],
];

describe("where a position starts", () => {
  for (const [name, position, bounds, after] of starts) {
    it(name, async () => {
      assert.equal(await resolvePosition(position, bounds, firstStoredIn(bounds)), after);
    });
  }

  const foreign = encodeCursor({ epoch: epoch + 1, sequence: 150 });
  const refusals: [name: string, Position, code: string][] = [
    ["no cursor at all", { kind: "cursor", cursor: "abc", fromOldest: true }, "cursor_invalid"],
    [
      "a cursor of another stream",
      { kind: "cursor", cursor: foreign, fromOldest: true },
      "cursor_epoch_changed",
    ],
    ["a cursor ahead of the stream", cursorAt(201), "cursor_in_future"],
    ["a cursor with readings missing after it", cursorAt(99), "cursor_expired"],
    ["a time from which readings are missing", sinceMs(epoch), "cursor_expired"],
  ];
  for (const [name, position, code] of refusals) {
    it(`${name} is refused as ${code}`, async () => {
      const refused = resolvePosition(position, held, firstStoredIn(held));
      await assert.rejects(refused, (error) => {
        assert.ok(error instanceof NovacoreError);
        assert.equal(error.code, code);
        if (code === "cursor_invalid") return true;
        const told = new Map(error.details.map(({ path, message }) => [path, message]));
        assert.deepEqual(decodeCursor(told.get("/oldest/cursor") ?? ""), { epoch, sequence: 100 });
        assert.equal(told.get("/oldest/time"), new Date(held.oldestMs).toISOString());
        return true;
      });
    });
  }
});

describe("since when a stream holds everything", () => {
  const day = 86_400_000;
  const nowMs = epoch + 100 * day;
  const info = (
    oldest: number,
    oldestDays: number,
    limited: { max_bytes?: number; max_msgs?: number } = {},
  ) => {
    const config = { max_age: 7 * day * 1_000_000, max_bytes: 1e9, max_msgs: -1, ...limited };
    const first_ts = new Date(nowMs - oldestDays * day).toISOString();
    const state = { first_seq: oldest, last_seq: 200, messages: 201 - oldest, bytes: 1_000 };
    return { created: new Date(epoch).toISOString(), state: { ...state, first_ts }, config };
  };
  const daysAgo = (held: HeldReadings) => (nowMs - held.completeSinceMs) / day;

  it("has lost nothing: for ever", () => {
    assert.equal(daysAgo(toHeldReadings(info(1, 2), nowMs)), Number.POSITIVE_INFINITY);
  });
  it("loses what is too old: its age, also when nothing was stored for a while", () => {
    assert.equal(Math.round(daysAgo(toHeldReadings(info(101, 2), nowMs))), 7);
    assert.equal(Math.round(daysAgo(toHeldReadings(info(201, 2), nowMs))), 7);
  });
  it("is full: its oldest reading", () => {
    assert.equal(daysAgo(toHeldReadings(info(101, 2, { max_msgs: 100 }), nowMs)), 2);
    assert.equal(daysAgo(toHeldReadings(info(101, 2, { max_bytes: 2_000 }), nowMs)), 2);
  });
});
