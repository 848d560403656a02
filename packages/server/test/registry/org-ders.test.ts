import assert from "node:assert/strict";
import { it } from "node:test";
import type { PlacedDer } from "../../src/registry/org-ders.ts";
import { onBothDatabases } from "./both-databases.ts";

onBothDatabases("an organization's DERs", (db) => {
  it("are found by what they report, whatever they are called, within the sites asked for", async () => {
    const { orgId, siteId } = await db.newHome();
    const { id: cabinId } = await db.registry.sites.create(orgId, { name: "Cabin" });
    const { serial: gatewaySerial } = await db.newGateway(orgId);
    const elsewhere = await db.newHome();
    const { serial: foreignSerial } = await db.newGateway(elsewhere.orgId);
    const { devices, orgDers } = db.registry;
    const roof = await devices.provision({
      ...{ orgId, siteId, gatewaySerial, hardwareId: "inverter", type: "inverter" },
      ders: [
        { name: "east", type: "solar" },
        { name: "west", type: "pv" },
        { name: "grid", type: "meter" },
      ],
    });
    const charger = await devices.provision({
      ...{ orgId, siteId: cabinId, gatewaySerial, hardwareId: "v2x", type: "v2x_charger" },
      ders: [{ name: "port", type: "ev_charger_port" }],
    });
    await devices.provision({
      ...{ orgId: elsewhere.orgId, siteId: elsewhere.siteId, gatewaySerial: foreignSerial },
      ...{ hardwareId: "inverter", type: "inverter", ders: [{ name: "east", type: "pv" }] },
    });
    const [east, west] = roof.device.ders;
    const [port] = charger.device.ders;
    const found = async (query: Omit<Parameters<typeof orgDers.list>[0], "orgId">) =>
      (await orgDers.list({ orgId, ...query }, 10)).map(({ derId }: PlacedDer) => derId);

    assert.deepEqual(await found({ siteIds: undefined, types: ["pv"] }), [east?.id, west?.id]);
    assert.deepEqual(await found({ siteIds: [cabinId], types: ["pv"] }), []);
    assert.deepEqual(await found({ siteIds: [], types: ["pv"] }), []);
    // The same name is another type on another kind of charger.
    assert.deepEqual(await found({ siteIds: undefined, types: ["v2x_charger"] }), [port?.id]);
    assert.deepEqual(await found({ siteIds: undefined, types: ["ev_charger"] }), []);
    const query = { orgId, siteIds: undefined, types: ["pv", "meter", "v2x_charger"] } as const;
    assert.equal(await orgDers.count(query), 4);
    const [first] = await orgDers.list(query, 1);
    assert.deepEqual(first, { siteId, deviceId: roof.device.id, derId: east?.id });
  });
});
