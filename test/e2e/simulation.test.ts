import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Novacore } from "@novacore/client";
import {
  createPerson,
  type Faults,
  noFaults,
  type Simulation,
  type SimulationOptions,
  senderKinds,
  signUp,
  simulate,
} from "@novacore/simulator";
import { startHub, type TestHub } from "../support/hub.ts";

const hourMs = 3_600_000;

describe("virtual homes against a hub", () => {
  let hub: TestHub;
  let nova: Novacore;

  before(async () => {
    hub = await startHub({ NOVACORE_ARCHIVE_INTERVAL: "0.3" });
    const { token } = await signUp(hub.url, createPerson());
    nova = new Novacore({ baseUrl: hub.url, token });
  });
  after(() => hub?.close());

  const run = (faults: Partial<Faults>, others: Partial<SimulationOptions> = {}) =>
    simulate({
      nova,
      places: { baseUrl: hub.url, mqttUrl: hub.mqttUrl, natsUrl: hub.natsUrl },
      ...{ homes: 2, durationMs: hourMs, everyMs: 60_000, speed: "max", seed: 5, via: "mqtt" },
      faults: { ...noFaults, ...faults },
      ...{ verify: true, clean: false, signal: new AbortController().signal },
      ...others,
    });

  /** Single readings of the homes as the hub's history has them. */
  async function readingsOf({ homes, fromMs, toMs }: Simulation, driftMs = 0) {
    const all = [];
    for (const { siteId } of homes) {
      const range = { from: fromMs + driftMs, to: toMs + driftMs };
      for await (const reading of nova.site(siteId).pastReadings(range)) all.push(reading);
    }
    return all;
  }

  for (const via of senderKinds) {
    it(`has in its history what was sent over ${via}, with all faults at once`, async () => {
      const faults = { drop: 0.1, late: 0.1, duplicate: 0.1, dialect: "mixed" } as const;
      const simulation = await run(faults, { via, homes: 5 });
      const { tally, found } = simulation;
      assert.equal(tally.measured, 5 * 60 * 4);
      assert.ok(tally.dropped > 0 && tally.late > 0 && tally.copies > 0);
      assert.equal(tally.acknowledged, tally.sent);
      assert.equal(tally.sent, tally.measured - tally.dropped + tally.copies);
      const readings = tally.measured - tally.dropped;
      assert.deepEqual(found, { stored: readings, refused: {}, missing: 0 });
      const stored = await readingsOf(simulation);
      const keys = stored.map(({ der_id, timestamp }) => `${der_id} ${timestamp}`);
      assert.equal(new Set(keys).size, readings);
      assert.equal(keys.length, readings);
      if (via === "mqtt") return; // it acknowledges, and tells no more
      assert.deepEqual([tally.stored, tally.duplicates], [readings, tally.copies]);
    });
  }

  it("has the same values whatever dialect the gateways speak", async () => {
    const valuesOf = async (dialect: Faults["dialect"]) => {
      // A whole day: at some hours a battery rests.
      const [durationMs, everyMs] = [24 * hourMs, hourMs / 4];
      const fromMs = Math.floor(Date.now() / hourMs) * hourMs - 30 * hourMs;
      const day = { homes: 1, via: "http", fromMs, durationMs, everyMs } as const;
      const stored = await readingsOf(await run({ dialect }, day));
      return stored.map(({ type, timestamp, W }) => ({ type, timestamp, W })).sort(byTime);
    };
    const canonical = await valuesOf("canonical");
    assert.equal(canonical.length, 96 * 4);
    assert.ok(canonical.some(({ type, W = 0 }) => type === "battery" && W !== 0));
    for (const dialect of ["legacy", "lower-case", "seconds", "suffixed"] as const) {
      assert.deepEqual(await valuesOf(dialect), canonical, dialect);
    }
  });

  it("refuses what a clock that is far ahead says, by every way in", async () => {
    for (const via of senderKinds) {
      const fromMs = Date.now() - hourMs;
      const drift = { driftMs: 2 * hourMs, duplicate: 0.2 };
      const { tally, found } = await run(drift, { via, homes: 1, fromMs });
      const readings = tally.measured;
      assert.deepEqual(found, { stored: 0, refused: { reading_in_future: readings }, missing: 0 });
      if (via === "mqtt") continue;
      assert.deepEqual(tally.rejections, { reading_in_future: tally.sent });
    }
  });

  it("deletes what it made, and nothing else", async () => {
    const { orgId, homes } = await run({}, { clean: true, durationMs: 600_000 });
    assert.equal(homes.length, 2);
    for (const path of [
      `organizations/${orgId}`,
      ...homes.map(({ siteId }) => `sites/${siteId}`),
    ]) {
      await assert.rejects(nova.request("GET", path), { code: "not_found" });
    }
    const org = await nova.request<{ id: string }>("POST", "organizations", {
      body: { name: "Kept" },
    });
    await run({}, { clean: true, orgId: org.id, durationMs: 600_000 });
    await nova.request("GET", `organizations/${org.id}`);
    for await (const { id } of nova.org(org.id).sites()) assert.fail(`site ${id} is left`);
    for await (const { serial } of nova.org(org.id).gateways()) assert.fail(`${serial} is left`);
  });

  it("ends early when it is told to, deletes all the same, and says how far it got", async () => {
    const stop = new AbortController();
    const simulation = await run(
      {},
      {
        ...{ speed: 1, clean: true, durationMs: 24 * hourMs, everyMs: 1_000, homes: 1 },
        signal: stop.signal,
        onProgress: (progress) => {
          if (progress.kind === "sending" && progress.tally.acknowledged > 0) stop.abort();
        },
      },
    );
    assert.equal(simulation.isInterrupted, true);
    assert.ok(simulation.tally.acknowledged >= 4);
    await assert.rejects(nova.request("GET", `organizations/${simulation.orgId}`), {
      code: "not_found",
    });
  });
});

function byTime(a: { type: string; timestamp: number }, b: typeof a): number {
  return a.timestamp - b.timestamp || (a.type < b.type ? -1 : 1);
}
