import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../limits.ts";
import {
  type Liveness,
  type LivenessWatcher,
  type Silence,
  type SilenceReason,
  SiteLiveness,
} from "./liveness.ts";

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
    remember: (derId: string, atMs: number) => site.remember(reading(derId, atMs), atMs),
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

test("since is when a DER came back, or when its last reading came; before anybody looked, nobody knows", () => {
  const { site, take, remember } = setUp();
  const told: (readonly [state: string, since: number | undefined])[] = [];
  remember("a", 0);
  const tell = ({ state, since }: Liveness) => told.push([state, since]);
  watch(site, { wants: () => true, tell }, minute);
  take("a", 2 * minute);
  run(site, 2 * minute, 20 * minute);
  take("a", 20 * minute);
  take("b", 21 * minute);
  assert.deepEqual(told, [
    ["online", undefined],
    ["stale", 2 * minute],
    ["offline", 2 * minute],
    ["online", 20 * minute],
    ["online", 21 * minute],
  ]);
  assert.equal(site.knownOf("a").onlineSinceMs, 20 * minute);
});

test("a DER that is heard of while the past is being read has been online for longer", () => {
  const { site, take, remember } = setUp();
  take("a", 10 * minute);
  remember("a", 9 * minute);
  assert.equal(site.knownOf("a").onlineSinceMs, undefined);
});

test("how often a DER sends is known from its last arrivals, if they are", () => {
  const { site, told, tell, reading } = setUp();
  site.remember(reading("hourly", 0), 2 * hour, [hour]);
  site.remember(reading("unknown", 0), 2 * hour);
  watch(site, { wants: () => true, tell }, 2 * hour);
  assert.deepEqual(told, [
    ["hourly", "online", 2 * hour],
    ["unknown", "offline", 2 * hour],
  ]);
});

function setUpExplained() {
  const questions: { silence: Silence; answer(reasons: [string, SilenceReason][]): void }[] = [];
  const clock = { nowMs: 0 };
  const site = new SiteLiveness({
    now: () => clock.nowMs,
    explain: (silence) =>
      new Promise((resolve) => {
        questions.push({ silence, answer: (reasons) => resolve(new Map(reasons)) });
      }),
  });
  const told: (readonly [derId: string, state: string, why: string | undefined])[] = [];
  const tell = ({ der_id, state, why }: Liveness) => told.push([der_id, state, why]);
  const { reading } = setUp();
  return { site, questions, clock, told, watcher: { wants: () => true, tell }, reading };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("who falls silent is told of with the reason, in one question for all of that moment", async () => {
  const { site, questions, clock, told, watcher, reading } = setUpExplained();
  site.watch(watcher);
  for (const derId of ["a", "b", "c"]) site.take(reading(derId, 0), 0);
  clock.nowMs = 4 * minute;
  site.take(reading("c", clock.nowMs), clock.nowMs);
  site.look(clock.nowMs);
  await turn();
  assert.equal(told.length, 3);
  assert.deepEqual(questions[0]?.silence, {
    silent: [
      { derId: "a", receivedAtMs: 0 },
      { derId: "b", receivedAtMs: 0 },
    ],
    online: [{ derId: "c", receivedAtMs: clock.nowMs }],
  });
  questions[0]?.answer([["a", "device_silent"]]);
  await site.explained();
  assert.deepEqual(told.slice(3), [
    ["a", "stale", "device_silent"],
    ["b", "stale", undefined],
  ]);
  assert.equal(questions.length, 1);
});

test("who is back before the reason is found is told of once, as online", async () => {
  const { site, questions, clock, told, watcher, reading } = setUpExplained();
  site.take(reading("a", 0), 0);
  site.watch(watcher);
  clock.nowMs = 4 * minute;
  site.look(clock.nowMs);
  await turn();
  site.take(reading("a", clock.nowMs), clock.nowMs);
  questions[0]?.answer([["a", "device_silent"]]);
  await site.explained();
  assert.deepEqual(told, [["a", "online", undefined]]);
});

test("whoever comes while the reason is looked for is told of it once, and later comers at once", async () => {
  const { site, questions, clock, told, watcher, reading } = setUpExplained();
  clock.nowMs = hour;
  site.remember(reading("a", 0), hour);
  await turn();
  watch(site, watcher, hour);
  assert.deepEqual(told, []);
  questions[0]?.answer([["a", "gateway_disconnected"]]);
  await site.explained();
  watch(site, watcher, hour);
  const expected = ["a", "offline", "gateway_disconnected"];
  assert.deepEqual(told, [expected, expected]);
});
