import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../limits.ts";
import { type LivenessWatcher, SiteLiveness } from "./liveness.ts";

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

function watch(site: SiteLiveness, watcher: LivenessWatcher, nowMs: number): () => void {
  const leave = site.watch(watcher);
  for (let index: number | undefined = 0; index !== undefined; ) {
    index = site.tellKnown(watcher, nowMs, index);
  }
  return leave;
}

function setUp() {
  const site = new SiteLiveness();
  const told: [derId: string, state: string, ageMs: number][] = [];
  const reading = (derId: string, receivedAtMs: number) => ({
    address: { orgId: "o", siteId: "s", deviceId: "d", derId },
    type: derId === "meter" ? "meter" : "pv",
    receivedAtMs,
  });
  const tell = ({ der_id, state, age_ms }: { der_id: string; state: string; age_ms: number }) => {
    told.push([der_id, state, age_ms]);
  };
  return {
    site,
    told,
    tell,
    states: () => told.map(([, state]) => state),
    take: (derId: string, atMs: number) => site.take(reading(derId, atMs), atMs),
    remember: (derId: string, atMs: number) => site.remember(reading(derId, atMs)),
    reading,
  };
}

/** Looks whenever it is asked to, as the hub does; gives when each change was told. */
function run(site: SiteLiveness, fromMs: number, untilMs: number): void {
  for (let nowMs = fromMs; nowMs <= untilMs; nowMs = site.look(nowMs)) {
    // The site says when to look again.
  }
}

test("a DER that sends every ten seconds is stale after three gaps, offline after ten", () => {
  const { site, told, tell, take } = setUp();
  watch(site, { wants: () => true, tell }, 0);
  for (let nowMs = 0; nowMs <= 5 * minute; nowMs += 10 * second) take("a", nowMs);
  run(site, 5 * minute, 20 * minute);
  assert.deepEqual(told, [
    ["a", "online", 0],
    ["a", "stale", 30 * second],
    ["a", "offline", 100 * second],
  ]);
});

test("a DER that sends once an hour is not called stale after minutes", () => {
  const { site, states, tell, take } = setUp();
  watch(site, { wants: () => true, tell }, 0);
  take("a", 0);
  // Until its second reading nobody can know.
  run(site, 0, hour - 1);
  assert.deepEqual(states(), ["online", "stale", "offline"]);
  for (let i = 1; i <= 5; i++) {
    take("a", i * hour);
    run(site, i * hour, (i + 1) * hour - 1);
  }
  assert.deepEqual(states(), ["online", "stale", "offline", "online"]);
});

test("a batch counts as one arrival", () => {
  const { site, states, tell, take } = setUp();
  watch(site, { wants: () => true, tell }, 0);
  for (let i = 0; i < 4; i++) {
    for (let n = 0; n < 60; n++) take("a", i * minute + n);
    run(site, i * minute + 60, (i + 1) * minute - 1);
  }
  assert.deepEqual(states(), ["online"]);
});

test("a DER that sends ten times a second is given ten seconds", () => {
  const { site, told, tell, take } = setUp();
  watch(site, { wants: () => true, tell }, 0);
  let lastMs = 0;
  for (let nowMs = 0; nowMs <= minute; nowMs += 100) {
    take("a", nowMs);
    lastMs = nowMs;
  }
  run(site, lastMs, lastMs + 10 * minute);
  assert.deepEqual(told.slice(1), [
    ["a", "stale", limits.livenessStaleMs.min],
    ["a", "offline", limits.livenessOfflineMs.min],
  ]);
});

test("what was remembered says nothing of how often a DER sends", () => {
  const { site, told, tell, take, remember } = setUp();
  remember("a", 0);
  watch(site, { wants: () => true, tell }, 2 * minute);
  // An hour of silence before anybody watched is no gap between two readings.
  take("a", hour);
  run(site, hour, hour + 4 * minute);
  assert.deepEqual(told, [
    ["a", "online", 2 * minute],
    ["a", "stale", 3 * minute],
  ]);
});

test("a reading that is older than the last one changes nothing", () => {
  const { site, told, tell, take, remember, reading } = setUp();
  take("a", 10 * minute);
  remember("a", 5 * minute);
  watch(site, { wants: () => true, tell }, 10 * minute);
  site.take(reading("a", minute), 11 * minute);
  site.look(11 * minute);
  assert.deepEqual(told, [["a", "online", 0]]);
});

test("each watcher is told of what it wants, until it leaves", () => {
  const { site, told, tell, take } = setUp();
  const heard: string[] = [];
  const leave = watch(
    site,
    { wants: ({ type }) => type === "meter", tell: ({ der_id }) => heard.push(der_id) },
    0,
  );
  watch(site, { wants: () => true, tell }, 0);
  take("inverter", 1);
  take("meter", 1);
  assert.deepEqual(heard, ["meter"]);
  leave();
  run(site, 1, hour);
  assert.deepEqual(heard, ["meter"]);
  assert.equal(told.length, 6);
  assert.equal(site.watchers, 1);
});
