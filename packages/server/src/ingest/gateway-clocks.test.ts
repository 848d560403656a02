import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../limits.ts";
import { GatewayClocks } from "./gateway-clocks.ts";

const start = 1_700_000_000_000;

/** A reading that comes at `atMs` after the start, so many milliseconds after it was taken. */
const late = (lateMs: number, atMs = 0, readTimeMs?: number, isTaken = true) => ({
  timestampMs: start + atMs - lateMs,
  receivedAtMs: start + atMs,
  readTimeMs,
  isTaken,
});

function counted() {
  const observed: (readonly [gateway: string, seconds: number])[] = [];
  const removed: string[] = [];
  const clocks = new GatewayClocks({
    observe: ({ gateway }, seconds) => observed.push([gateway, seconds]),
    remove: ({ gateway }) => removed.push(gateway),
  });
  return { clocks, observed, removed };
}

test("lateness is the last, the median and the most of the last readings", () => {
  const clocks = new GatewayClocks();
  clocks.note("a", late(60_000));
  for (let i = 1; i <= limits.gatewayClockReadings; i++) clocks.note("a", late(i * 10, i));
  const { lateness, lastSeenMs } = clocks.of("a") ?? {};
  const most = limits.gatewayClockReadings * 10;
  assert.deepEqual(lateness, { lastMs: most, medianMs: most / 2, maxMs: most });
  assert.equal(lastSeenMs, start + limits.gatewayClockReadings);
  assert.equal(clocks.of("b"), undefined);
});

test("the least late reading tells the drift of the clock, less the time of the read", () => {
  const clocks = new GatewayClocks();
  for (const lateMs of [700, 350, 900]) clocks.note("behind", late(lateMs, 0, 250));
  assert.equal(clocks.of("behind")?.clockDriftMs, -100);
  assert.equal(clocks.of("behind")?.readTimeMs, 250);
  clocks.note("ahead", late(-4_000));
  assert.deepEqual(clocks.of("ahead"), {
    lastSeenMs: start,
    lateness: { lastMs: -4_000, medianMs: -4_000, maxMs: -4_000 },
    clockDriftMs: 4_000,
    readTimeMs: undefined,
  });
});

test("a backlog says nothing of the clock", () => {
  const clocks = new GatewayClocks();
  clocks.note("a", late(86_400_000));
  assert.equal(clocks.of("a")?.clockDriftMs, undefined);
  clocks.note("a", late(20));
  assert.equal(clocks.of("a")?.clockDriftMs, -20);
});

test("gateways beyond the limit are told together, and one called as they are is one of them", () => {
  const clocks = new GatewayClocks();
  clocks.note("other", late(5));
  for (let i = 0; i < limits.latenessGatewaysMax; i++) clocks.note(`gw-${i}`, late(10));
  clocks.note("one-too-many", late(7));
  const told = new Map(clocks.lateness());
  assert.equal(told.size, limits.latenessGatewaysMax + 1);
  assert.deepEqual(told.get("other"), { lastMs: 7, medianMs: 5, maxMs: 7 });
  assert.equal(clocks.of("one-too-many")?.lateness?.lastMs, 7);
});

test("a gateway that is silent for long is forgotten, and its name is free for another", () => {
  const clocks = new GatewayClocks();
  for (let i = 0; i < limits.latenessGatewaysMax; i++) clocks.note(`gw-${i}`, late(10));
  clocks.note("late-comer", late(7));
  clocks.note("gw-0", late(10, limits.gatewayClockIdleMs));
  clocks.note("late-comer", late(8, limits.gatewayClockIdleMs));
  clocks.sweep(start + limits.gatewayClockIdleMs + 1);
  assert.equal(clocks.size, 2);
  clocks.note("late-comer", late(9, limits.gatewayClockIdleMs + 2));
  assert.ok(new Map(clocks.lateness()).has("late-comer"));
});

test("what was known of a gateway before its present owner is forgotten", () => {
  const clocks = new GatewayClocks();
  clocks.note("a", late(5));
  assert.equal(clocks.of("a", start + 1), undefined);
  clocks.note("a", late(7, 2));
  assert.equal(clocks.of("a", start + 1)?.lateness?.maxMs, 7);
});

test("a refused reading is no late one, and yet the gateway was heard of and its drift is known", () => {
  const { clocks, observed } = counted();
  clocks.note("a", late(8 * 86_400_000, 5, undefined, false));
  const { lateness, lastSeenMs } = clocks.of("a") ?? {};
  assert.deepEqual([lateness, lastSeenMs], [undefined, start + 5]);
  assert.deepEqual([...clocks.lateness()], []);
  clocks.note("a", late(-400_000, 6, undefined, false));
  assert.equal(clocks.of("a")?.clockDriftMs, 400_000);
  assert.deepEqual(observed, []);
});

test("every taken reading is added up, whatever comes after it, and none is early", () => {
  const { clocks, observed } = counted();
  clocks.note("a", late(86_400_000));
  for (let i = 0; i < 2 * limits.gatewayClockReadings; i++) clocks.note("a", late(-20, i));
  assert.equal(clocks.of("a")?.lateness?.maxMs, -20);
  assert.deepEqual(observed[0], ["a", 86_400]);
  assert.deepEqual(observed.slice(1), Array(2 * limits.gatewayClockReadings).fill(["a", 0]));
});

test("gateways beyond the limit are added up together, and a forgotten one's sums end", () => {
  const { clocks, observed, removed } = counted();
  for (let i = 0; i <= limits.latenessGatewaysMax; i++) clocks.note(`gw-${i}`, late(1_000));
  assert.deepEqual(observed.at(-1), ["other", 1]);
  clocks.note("gw-1", late(1_000, limits.gatewayClockIdleMs));
  clocks.sweep(start + limits.gatewayClockIdleMs + 1);
  assert.equal(removed.length, limits.latenessGatewaysMax - 1);
  assert.ok(removed.includes("gw-0") && !removed.includes("gw-1") && !removed.includes("other"));
});

test("there is a most of gateways that are known", () => {
  const clocks = new GatewayClocks();
  for (let i = 0; i <= limits.gatewayClocksMax; i++) clocks.note(`gw-${i}`, late(1));
  assert.equal(clocks.size, limits.gatewayClocksMax);
  assert.equal(clocks.of("gw-0"), undefined);
});
