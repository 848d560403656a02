import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultTiming } from "../connection-state.ts";
import { NovacoreError } from "../errors.ts";
import type { AddressedReading, Verdict } from "./delivery.ts";
import { MemoryFolder } from "./memory-folder.ts";
import { Sender, type SenderNotice } from "./sender.ts";
import { type DroppedRecords, Spool } from "./spool.ts";
import type { ConnectOptions, Sent } from "./uplink.ts";

type Answer = (readings: readonly AddressedReading[]) => Sent | Promise<Sent>;

const stored: Verdict = { status: "stored", durability: "fsync" };
const allStored: Answer = (readings) => ({ verdicts: readings.map(() => stored) });
const busy = new NovacoreError("unavailable", "Not now.");

/** A sender whose hub is the test: `answers` are given one after the other, then all is stored. */
async function createRig(answers: readonly Answer[] = []) {
  const left = [...answers];
  const sent: number[][] = [];
  const uploaded: number[][] = [];
  const verdicts: [number, Verdict["status"]][] = [];
  const dropped: DroppedRecords[] = [];
  const notices: SenderNotice[] = [];
  const connecting: ConnectOptions[] = [];
  const [stopping, ending] = [new AbortController(), new AbortController()];
  const spool = await Spool.open({
    ...{ folder: new MemoryFolder(() => 0), bytesMax: 1_024 * 1_024, ageMaxMs: 1e12 },
    now: () => 0,
    onAppended: () => sender.wake(),
    onDropped: (each) => sender.dropped(each),
  });
  const answering = (
    record: number[][],
  ): ((readings: readonly AddressedReading[]) => Promise<Sent>) => {
    return async (readings) => {
      record.push(readings.map(({ timestamp }) => timestamp));
      return (left.shift() ?? allStored)(readings);
    };
  };
  const sender = new Sender({
    ...{ spool, timing: { ...defaultTiming, backoffMs: 0, backoffMostMs: 0 } },
    upload: answering(uploaded),
    uplink: {
      async connect(options) {
        connecting.push(options);
        return {
          readingsMax: 4,
          takes: ({ timestamp }) => timestamp >= 0,
          send: answering(sent),
          close: async () => undefined,
        };
      },
    },
    onNotice: (notice) => notices.push(notice),
    onVerdict(sequence, { status }) {
      verdicts.push([sequence, status]);
      if (spool.length === 0) stopping.abort();
    },
    onDropped: (each) => dropped.push(each),
    onRefused: async () => undefined,
  });
  return {
    ...{ sent, uploaded, verdicts, dropped, notices, connecting, spool },
    publish: (timestamp: number, make = "") =>
      spool.append(
        Buffer.from(JSON.stringify({ type: "meter", timestamp, make, hardware_id: "m", der: "g" })),
      ),
    /** Until the spool is empty. */
    run: () => sender.run({ stopping: stopping.signal, ending: ending.signal }),
  };
}

test("readings are sent in order, as many at once as the way takes", async () => {
  const { publish, run, sent, verdicts } = await createRig();
  for (let i = 1; i <= 6; i++) await publish(i);
  await run();
  assert.deepEqual(sent, [
    [1, 2, 3, 4],
    [5, 6],
  ]);
  assert.deepEqual(
    verdicts,
    [1, 2, 3, 4, 5, 6].map((sequence) => [sequence, "stored"]),
  );
});

test("from the first reading without a verdict on, all are sent again", async () => {
  const halfway: Answer = () => ({ verdicts: [stored, stored], error: busy });
  const { publish, run, sent, notices } = await createRig([halfway]);
  for (let i = 1; i <= 4; i++) await publish(i);
  await run();
  assert.deepEqual(sent, [
    [1, 2, 3, 4],
    [3, 4],
  ]);
  assert.deepEqual(
    notices.map(({ kind }) => kind),
    ["connected", "delayed"],
  );
});

test("a rejected reading leaves the spool and holds up nothing", async () => {
  const second: Answer = (readings) => ({
    verdicts: readings.map((reading, index) =>
      index === 1
        ? { status: "rejected", rejection: { code: "der_unknown", message: "", reading } }
        : stored,
    ),
  });
  const { publish, run, verdicts, sent } = await createRig([second]);
  for (let i = 1; i <= 3; i++) await publish(i);
  await run();
  assert.deepEqual(verdicts, [
    [1, "stored"],
    [2, "rejected"],
    [3, "stored"],
  ]);
  assert.equal(sent.length, 1);
});

test("what one way does not take goes the other, in its place", async () => {
  const { publish, run, sent, uploaded, verdicts } = await createRig();
  for (const timestamp of [1, 2, -3, -4, 5]) await publish(timestamp);
  await run();
  assert.deepEqual([sent, uploaded], [[[1, 2], [5]], [[-3, -4]]]);
  assert.deepEqual(
    verdicts.map(([sequence]) => sequence),
    [1, 2, 3, 4, 5],
  );
});

test("a way that takes less is given less, and a reading that is too large for it leaves", async () => {
  const large = new NovacoreError("payload_too_large", "Too large.", { status: 413 });
  const limited: Answer = (readings) =>
    readings.length > 1 || readings[0]?.timestamp === 2
      ? { verdicts: [], error: large }
      : { verdicts: [stored] };
  const { publish, run, sent, verdicts, notices } = await createRig(
    Array.from({ length: 20 }, () => limited),
  );
  for (let i = 1; i <= 3; i++) await publish(i);
  await run();
  assert.deepEqual(sent, [[1, 2, 3], [1, 2], [1], [2], [3]]);
  assert.deepEqual(verdicts, [
    [1, "stored"],
    [2, "rejected"],
    [3, "stored"],
  ]);
  assert.deepEqual(
    notices.map(({ kind }) => kind),
    ["connected"],
  );
});

test("a lost connection is replaced, and what it took without an answer is sent again", async () => {
  const lost = new NovacoreError("connection_lost", "Gone.");
  let rig: Awaited<ReturnType<typeof createRig>> | undefined;
  const cut: Answer = () => {
    rig?.connecting.at(-1)?.onLost(lost);
    return { verdicts: [], error: lost };
  };
  rig = await createRig([cut]);
  await rig.publish(1);
  await rig.run();
  assert.deepEqual(rig.sent, [[1], [1]]);
  assert.deepEqual(
    rig.notices.map(({ kind }) => kind),
    ["connected", "lost", "connected"],
  );
});

test("readings that the spool drops while they are under way are counted by what becomes of them", async () => {
  let rig: Awaited<ReturnType<typeof createRig>> | undefined;
  const make = "x".repeat(60_000);
  const overflow: Answer = async () => {
    for (let i = 5; i <= 40; i++) await rig?.publish(i, make);
    return { verdicts: [stored, stored], error: busy };
  };
  rig = await createRig([overflow]);
  for (let i = 1; i <= 4; i++) await rig.publish(i, make);
  await rig.run();
  const lost = rig.dropped.flatMap(({ from, to }) =>
    Array.from({ length: to - from }, (_, index) => from + index),
  );
  const answered = rig.verdicts.map(([sequence]) => sequence);
  assert.ok(lost.includes(3) && lost.includes(4), "no verdict, and no record any more");
  assert.deepEqual(
    [...lost, ...answered].toSorted((a, b) => a - b),
    Array.from({ length: 40 }, (_, index) => index + 1),
  );
});

test("a record that is no reading is dropped as damaged, and those behind it are sent", async () => {
  const { publish, run, sent, dropped, spool } = await createRig();
  for (const text of ["no JSON", "null"]) await spool.append(Buffer.from(text));
  await publish(3);
  await spool.append(Buffer.from("[cut off"));
  await publish(5);
  await run();
  assert.deepEqual(sent, [[3], [5]]);
  assert.deepEqual(
    dropped,
    [1, 2, 4].map((from) => ({ from, to: from + 1, reason: "damaged" })),
  );
});
