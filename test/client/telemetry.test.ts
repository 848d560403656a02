import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Novacore, NovacoreError } from "@novacore/client";
import { createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";

const count = 10;
const dayMs = 86_400_000;

describe("the past, by the client", () => {
  let hub: TestHub;
  let home: Home;
  let nova: Novacore;
  const startMs = Math.floor(Date.now() / 60_000) * 60_000 - 3_600_000;

  before(async () => {
    hub = await startHub({ NOVACORE_ARCHIVE_INTERVAL: "0.3" });
    home = await createHome(hub);
    nova = new Novacore({ baseUrl: hub.url, token: home.token });
    for (let i = 0; i < count; i++) {
      const timestamp = startMs + i * 10_000;
      await home.publish("meter", { type: "meter", timestamp, W: i, total_import_Wh: i * 1_000 });
    }
  });
  after(() => hub?.close());

  it("is aggregates over time, of a site, device or DER, in the units that the hub tells", async () => {
    const { derId } = home.ders.meter;
    const { device_id } = await nova.request<{ device_id: string }>("GET", `ders/${derId}`);
    for (const source of [nova.site(home.siteId), nova.device(device_id), nova.der(derId)]) {
      const from = new Date(startMs);
      const { data, units, resolution } = await source.history({
        ...{ from, to: startMs + 60_000, resolution: "1m", fields: ["W"] },
        agg: ["min", "max"],
      });
      assert.equal(resolution, "1m");
      assert.deepEqual(units, { timestamp: "ms", W_min: "W", W_max: "W" });
      assert.deepEqual(data, [{ der_id: derId, timestamp: startMs, n: 6, W_min: 0, W_max: 5 }]);
    }
  });

  it("is had as a file, or as what was wrong with the question", async () => {
    const site = nova.site(home.siteId);
    const csv = await site.historyAs("csv", { from: startMs, resolution: "1h", fields: ["W"] });
    assert.equal(csv.headers.get("content-type"), "text/csv");
    assert.match(await csv.text(), /^der_id,timestamp,n,W\r\n[^\r]+,10,4\.5\r\n$/);
    const parquet = await site.historyAs("parquet", { from: startMs });
    assert.equal(Buffer.from(await parquet.arrayBuffer()).toString("latin1", 0, 4), "PAR1");
    await assert.rejects(site.historyAs("arrow", { from: "yesterday" }), (error) => {
      assert.ok(error instanceof NovacoreError);
      assert.deepEqual([error.code, error.details[0]?.path], ["validation_failed", "/from"]);
      return true;
    });
  });

  it("is single readings to the last page, and a stream goes on after a history without a seam", async () => {
    const site = nova.site(home.siteId);
    const powers: (number | undefined)[] = [];
    for await (const { W } of site.pastReadings({ from: startMs, pageSize: 3 })) powers.push(W);
    assert.deepEqual(powers, [...Array(count).keys()]);
    const { cursor, data } = await site.history({ from: startMs, resolution: "1h" });
    await home.publish("meter", { type: "meter", timestamp: Date.now(), W: 77 });
    for await (const { W } of site.readings({ cursor })) {
      assert.deepEqual([data[0]?.n, W], [count, 77]);
      break;
    }
  });

  it("is energy by periods, with where it is from", async () => {
    const { periods, total } = await nova.site(home.siteId).energy({
      ...{ from: startMs, to: startMs + 900_000, resolution: "15m" },
    });
    assert.ok(periods.length >= 1);
    assert.equal(total.imported_kWh, 9);
    assert.equal(total.sources.imported, "counter");
  });

  it("ends with the newest reading of each DER and how it does", async () => {
    for (const source of [nova.site(home.siteId), nova.org(home.orgId)]) {
      const found = [];
      for await (const each of source.latest({ pageSize: 2 })) found.push(each);
      const meter = found.find(({ der_id }) => der_id === home.ders.meter.derId);
      assert.equal(found.length, 8);
      assert.deepEqual([meter?.reading?.W, meter?.state], [77, "online"]);
    }
  });

  it("reaches readings that the archive alone has", async () => {
    const { gateway, hardwareId, der } = home.ders.charger;
    const old = Date.now() - 30 * dayMs;
    const upload = new Novacore({ baseUrl: hub.url, token: gateway.loginJwt() });
    const body = [{ hardware_id: hardwareId, der, type: "ev_charger", timestamp: old, W: 5 }];
    const path = `gateways/${gateway.serial}/telemetry`;
    const { results } = await upload.request<{ results: { archived?: boolean }[] }>("POST", path, {
      body,
    });
    assert.equal(results[0]?.archived, true);
    const past: (number | undefined)[] = [];
    const charger = nova.der(home.ders.charger.derId);
    for await (const { W } of charger.pastReadings({ from: old })) past.push(W);
    assert.deepEqual(past, [5]);
  });
});
