import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createSite } from "@novacore/simulator";
import { createAsk } from "../support/ask.ts";
import { backEndToken, createBackEnd } from "../support/back-end.ts";
import { createApi, createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";

describe("the past, asked for by an integration that is limited to sites", () => {
  let hub: TestHub;
  let home: Home;
  let other: Home;
  const startMs = Math.floor(Date.now() / 60_000) * 60_000 - 3_600_000;

  before(async () => {
    hub = await startHub();
    home = await createHome(hub);
    other = await createHome(hub);
    for (const each of [home, other]) {
      await each.publish("meter", { type: "meter", timestamp: startMs, W: 100 });
    }
  });
  after(() => hub?.close());

  const tokenOf = async (siteIds: readonly string[]) =>
    backEndToken(hub.url, await createBackEnd(home, { siteIds }));
  const ask = async (token: string, path: string) => {
    const { status, body } = await createAsk(hub.url)("GET", path, { token });
    return { status, data: body.data, body };
  };
  const pathsOf = ({ siteId, ders }: Home) => [
    `/ders/${ders.meter.derId}/telemetry?from=${startMs}&resolution=raw`,
    `/sites/${siteId}/telemetry?from=${startMs}&resolution=1h&fields=W`,
    `/telemetry/latest?site_id=${siteId}`,
    `/telemetry/latest?der_id=${ders.meter.derId}`,
    `/sites/${siteId}/energy?from=${startMs}`,
    `/sites/${siteId}/status`,
  ];

  it("is answered of its sites, and 404 of every other", async () => {
    const token = await tokenOf([home.siteId]);
    for (const path of pathsOf(home)) assert.equal((await ask(token, path)).status, 200, path);
    for (const path of pathsOf(other)) assert.equal((await ask(token, path)).status, 404, path);
    const elsewhere = await createSite(home.session, { orgId: home.orgId, name: "Elsewhere" });
    const limited = await tokenOf([elsewhere]);
    for (const path of pathsOf(home)) assert.equal((await ask(limited, path)).status, 404, path);
    const { data } = await ask(limited, `/telemetry/latest?org_id=${home.orgId}`);
    assert.deepEqual(data, []);
  });

  it("has nothing of the time that a device was at a site beside them", async () => {
    const barn = await createSite(home.session, { orgId: home.orgId, name: "Barn" });
    const owner = createApi(hub.url, home.token);
    const { derId } = home.ders.meter;
    const { device_id: deviceId } = await owner("GET", `/ders/${derId}`);
    await owner("PUT", `/devices/${deviceId}`, { site_id: barn });
    await home.publish("meter", { type: "meter", timestamp: startMs + 60_000, W: 200 });
    const token = await tokenOf([barn]);
    const powers = async (path: string) => {
      const { status, data } = await ask(token, path);
      assert.equal(status, 200, path);
      return data.map((row: { W?: number; reading?: { W: number } }) => row.W ?? row.reading?.W);
    };
    assert.deepEqual(
      await powers(`/ders/${derId}/telemetry?from=${startMs}&resolution=raw`),
      [200],
    );
    assert.deepEqual(
      await powers(`/devices/${deviceId}/telemetry?from=${startMs}&resolution=raw`),
      [200],
    );
    assert.deepEqual(await powers(`/telemetry/latest?der_id=${derId}`), [200]);
    const { body } = await ask(token, `/sites/${barn}/energy?from=${startMs}&resolution=15m`);
    assert.equal(body.total.imported_kWh, null);
    const asOwner = await ask(
      home.token,
      `/ders/${derId}/telemetry?from=${startMs}&resolution=raw`,
    );
    assert.deepEqual(
      asOwner.data.map(({ W }: { W: number }) => W),
      [100, 200],
    );
  });
});
