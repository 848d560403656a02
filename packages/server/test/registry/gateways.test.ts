import assert from "node:assert/strict";
import { it } from "node:test";
import { limits } from "../../src/limits.ts";
import { inverter, onBothDatabases } from "./both-databases.ts";

onBothDatabases("gateways and devices", (db) => {
  const nonceUntil = new Date(Date.now() + 600_000).toISOString();

  it("a nonce is good once, and a failed claim leaves nothing behind", async () => {
    const { orgId } = await db.newHome();
    const { serial, publicKey } = await db.newGateway(orgId);
    const nonce = db.newKey();
    const used = { serial, orgId, publicKey, nonce, nonceUntil };
    await db.registry.gateways.claim(used);
    await assert.rejects(db.registry.gateways.claim(used), { code: "claim_replayed" });
    const fresh = { ...used, nonce: db.newKey(), publicKey: db.newKey() };
    await assert.rejects(db.registry.gateways.claim(fresh), { code: "signature_invalid" });
    assert.deepEqual(await db.registry.identities.keys(serial), [publicKey]);
    await db.registry.gateways.claim({ ...fresh, publicKey });
  });

  it("a serial registered by a stranger goes to the first that proves its key", async () => {
    const { orgId } = await db.newHome();
    await db.registry.identities.register({
      id: "gw-squat",
      type: "gateway",
      publicKeys: [db.newKey()],
    });
    const proven = db.newKey();
    await db.claim("gw-squat", orgId, proven);
    assert.deepEqual(await db.registry.identities.keys("gw-squat"), [proven]);
  });

  it("a device's identity can be claimed by its own key only", async () => {
    const { orgId } = await db.newHome();
    const publicKeys = [db.newKey()];
    const { identity } = await db.registry.identities.register({ type: "device", publicKeys });
    await assert.rejects(db.claim(identity.id, orgId, db.newKey()), { code: "signature_invalid" });
    await db.claim(identity.id, orgId, publicKeys[0] ?? "");
    assert.equal((await db.registry.gateways.get(identity.id))?.orgId, orgId);
  });

  it("a gateway that registered its key without a serial gets it by its claim", async () => {
    const { orgId } = await db.newHome();
    const publicKey = db.newKey();
    const nameless = await db.registry.identities.register({
      type: "gateway",
      publicKeys: [publicKey],
    });
    await db.claim("gw-named", orgId, publicKey);
    assert.equal((await db.registry.identities.byKey([publicKey]))?.id, "gw-named");
    assert.equal(await db.registry.identities.get(nameless.identity.id), undefined);
  });

  it("a key registered by a stranger, with or without its serial, goes to who signs with it", async () => {
    const { orgId } = await db.newHome();
    for (const type of ["integration", "device", "user"] as const) {
      for (const [serial, isTaken] of [
        [`gw-free-${type}`, false],
        [`gw-taken-${type}`, true],
      ] as const) {
        const publicKey = db.newKey();
        await db.registry.identities.register({ type, publicKeys: [publicKey] });
        if (isTaken) {
          const publicKeys = [db.newKey()];
          await db.registry.identities.register({ id: serial, type: "gateway", publicKeys });
        }
        await db.claim(serial, orgId, publicKey);
        assert.equal((await db.registry.identities.byKey([publicKey]))?.id, serial);
      }
    }
  });

  it("a key that a member or an operator of the platform has is no gateway's", async () => {
    const { orgId } = await db.newHome();
    for (const type of ["user", "admin", "root"] as const) {
      const publicKey = db.newKey();
      const { identity } = await db.registry.identities.register({
        type,
        publicKeys: [publicKey],
      });
      const settings = { role: "viewer", siteIds: undefined } as const;
      if (type === "user") await db.registry.members.add(orgId, identity.id, settings);
      await assert.rejects(db.claim(`gw-of-${type}`, orgId, publicKey), { code: "conflict" });
    }
  });

  it("a revoked gateway, a person's id and another's key cannot be claimed", async () => {
    const { ownerId, orgId } = await db.newHome();
    const { serial, publicKey } = await db.newGateway(orgId);
    await assert.rejects(db.claim(ownerId, orgId, db.newKey()), { code: "conflict" });
    await assert.rejects(db.claim("gw-new", orgId, publicKey), { code: "conflict" });
    await db.registry.identities.revoke(serial);
    await assert.rejects(db.claim(serial, orgId, publicKey), { code: "identity_revoked" });
  });

  it("concurrent provisioning makes one device with each DER once", async () => {
    const { orgId, siteId } = await db.newHome();
    const { serial } = await db.newGateway(orgId);
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, () =>
        db.registry.devices.provision(inverter(orgId, siteId, serial)),
      ),
    );
    assert.equal(outcomes.filter(({ created }) => created).length, 1);
    const first = outcomes[0]?.device;
    for (const { device } of outcomes) assert.deepEqual(device, first);
    assert.deepEqual(
      first?.ders.map(({ name }) => name),
      ["roof", "grid"],
    );
  });

  it("a device or DER that is known as another type is a conflict, and changes nothing", async () => {
    const { orgId, siteId } = await db.newHome();
    const { serial } = await db.newGateway(orgId);
    const device = inverter(orgId, siteId, serial);
    const { device: stored } = await db.registry.devices.provision(device);
    const battery = { ...device, type: "battery" as const, ders: [] };
    await assert.rejects(db.registry.devices.provision(battery), { code: "conflict" });
    const ders = [
      { name: "new", type: "battery" as const },
      { name: "roof", type: "meter" as const },
    ];
    await assert.rejects(db.registry.devices.provision({ ...device, ders }), { code: "conflict" });
    assert.deepEqual(await db.registry.devices.get(stored.id), stored);
  });

  it("a device has so many DERs and no more, however they are added", async () => {
    const { orgId, siteId } = await db.newHome();
    const { serial } = await db.newGateway(orgId);
    const device = { ...inverter(orgId, siteId, serial), hardwareId: "full:1" };
    const ders = Array.from({ length: limits.dersPerDeviceMax }, (_, index) => {
      return { name: `der-${index}`, type: "meter" as const };
    });
    const { device: full } = await db.registry.devices.provision({ ...device, ders });
    assert.equal(full.ders.length, limits.dersPerDeviceMax);
    const more = { name: "more", type: "meter" as const };
    const refusal = { code: "conflict", message: new RegExp(`${full.id} has ${ders.length} DERs`) };
    await assert.rejects(db.registry.devices.addDer(full.id, more), refusal);
    await assert.rejects(db.registry.devices.provision({ ...device, ders: [more] }), refusal);
    // What is known already needs no room.
    await db.registry.devices.provision({ ...device, ders });
    assert.deepEqual(await db.registry.devices.get(full.id), full);
  });

  it("a device can stand on its own organization's sites only", async () => {
    const { orgId, siteId } = await db.newHome();
    const foreign = await db.newHome();
    const { serial } = await db.newGateway(orgId);
    const device = inverter(orgId, siteId, serial);
    await assert.rejects(db.registry.devices.provision({ ...device, siteId: foreign.siteId }), {
      code: "not_found",
    });
    await assert.rejects(db.registry.devices.provision({ ...device, orgId: foreign.orgId }), {
      code: "not_found",
    });
    const { device: stored } = await db.registry.devices.provision(device);
    await assert.rejects(db.registry.devices.update(stored.id, { siteId: foreign.siteId }), {
      code: "not_found",
    });
  });

  it("when a device came from another site is known, and of one that never did nothing", async () => {
    const { orgId, siteId } = await db.newHome();
    const { serial } = await db.newGateway(orgId);
    const wanted = { ...inverter(orgId, siteId, serial), hardwareId: "moved:1" };
    const { device } = await db.registry.devices.provision(wanted);
    const renamed = await db.registry.devices.update(device.id, { siteId, name: "roof" });
    assert.deepEqual([device.movedAt, renamed.movedAt], [null, null]);
    const barn = await db.registry.sites.create(orgId, { name: "Barn" });
    const startedMs = Date.now();
    const moved = await db.registry.devices.update(device.id, { siteId: barn.id });
    const movedMs = Date.parse(moved.movedAt ?? "");
    assert.ok(movedMs >= startedMs && movedMs <= Date.now(), `${moved.movedAt}`);
    const { device: again } = await db.registry.devices.provision({ ...wanted, siteId: barn.id });
    assert.equal(again.movedAt, moved.movedAt);
  });

  it("a tree tells whose a gateway is, what is behind it, and what its readings are", async () => {
    const { orgId, siteId } = await db.newHome();
    const { serial } = await db.newGateway(orgId);
    const { device } = await db.registry.devices.provision(inverter(orgId, siteId, serial));
    const [roof, grid] = device.ders;
    assert.deepEqual(await db.registry.gateways.tree(serial), {
      serial,
      orgId,
      batterySign: "canonical",
      devices: [
        {
          deviceId: device.id,
          hardwareId: "make:42",
          siteId,
          type: "inverter",
          state: "pending",
          ders: [
            { derId: roof?.id, name: "roof", type: "solar", readingType: "pv" },
            { derId: grid?.id, name: "grid", type: "meter", readingType: "meter" },
          ],
        },
      ],
    });
    assert.equal(await db.registry.gateways.tree("gw-unknown"), undefined);
  });

  it("a moved gateway leaves orphans, meets its hardware anew, and finds them when it returns", async () => {
    const home = await db.newHome();
    const { serial, publicKey } = await db.newGateway(home.orgId);
    const first = await db.registry.devices.provision(inverter(home.orgId, home.siteId, serial));
    const next = await db.newHome();
    await db.claim(serial, next.orgId, publicKey);
    const moved = await db.registry.gateways.tree(serial);
    assert.deepEqual([moved?.orgId, moved?.devices[0]?.state], [next.orgId, "orphaned"]);
    const second = await db.registry.devices.provision(inverter(next.orgId, next.siteId, serial));
    assert.notEqual(second.device.id, first.device.id);
    const tree = await db.registry.gateways.tree(serial);
    assert.deepEqual(
      tree?.devices.map(({ deviceId, state }) => [deviceId, state]),
      [[second.device.id, "pending"]],
    );
    await db.registry.gateways.release(serial);
    assert.equal((await db.registry.gateways.tree(serial))?.orgId, undefined);
    await db.claim(serial, home.orgId, publicKey);
    const back = await db.registry.devices.provision(inverter(home.orgId, home.siteId, serial));
    assert.deepEqual(
      [back.device.id, back.device.state, back.created],
      [first.device.id, "pending", false],
    );
  });

  it("the first reading makes a pending device active, and an orphan stays one", async () => {
    const { orgId, siteId } = await db.newHome();
    const { serial } = await db.newGateway(orgId);
    const { device } = await db.registry.devices.provision(inverter(orgId, siteId, serial));
    db.told();
    await db.registry.devices.activate(device.id);
    await db.registry.devices.activate(device.id);
    assert.deepEqual(db.told(), [`gateway ${serial}`]);
    assert.equal((await db.registry.devices.get(device.id))?.state, "active");
    await db.registry.gateways.release(serial);
    await db.registry.devices.activate(device.id);
    assert.equal((await db.registry.devices.get(device.id))?.state, "orphaned");
  });

  it("every change behind a gateway is told by its serial", async () => {
    const { orgId, siteId } = await db.newHome();
    const { serial } = await db.newGateway(orgId);
    db.told();
    const { device } = await db.registry.devices.provision(inverter(orgId, siteId, serial));
    await db.registry.devices.addDer(device.id, { name: "bat", type: "battery" });
    await db.registry.devices.update(device.id, { name: "Roof" });
    await db.registry.gateways.setBatterySign(serial, "negated");
    await db.registry.devices.remove(device.id);
    await db.registry.gateways.release(serial);
    assert.deepEqual(db.told(), Array(6).fill(`gateway ${serial}`));
  });

  it("what is in use is not deleted by accident", async () => {
    const { orgId, siteId } = await db.newHome();
    const { serial } = await db.newGateway(orgId);
    await db.registry.devices.provision(inverter(orgId, siteId, serial));
    await assert.rejects(db.registry.sites.remove(siteId), { code: "conflict" });
    await assert.rejects(db.registry.organizations.remove(orgId), { code: "conflict" });
    await db.registry.gateways.release(serial);
    await db.registry.sites.remove(siteId);
    await db.registry.organizations.remove(orgId);
    assert.equal(await db.registry.organizations.get(orgId), undefined);
  });
});
