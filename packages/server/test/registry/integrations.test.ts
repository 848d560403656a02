import assert from "node:assert/strict";
import { it } from "node:test";
import { limits } from "../../src/limits.ts";
import { onBothDatabases } from "./both-databases.ts";

onBothDatabases("integrations", (db) => {
  const create = async (orgId: string, siteIds?: readonly string[]) => {
    const publicKeys = [db.newKey()];
    const integration = await db.registry.integrations.create({
      ...{ orgId, name: `Reports ${publicKeys}`, publicKeys, scopes: ["telemetry:read"], siteIds },
      createdBy: await db.newUser(),
    });
    return { ...integration, publicKeys };
  };

  it("makes an integration a viewer of its organization, with its sites", async () => {
    const { orgId, siteId } = await db.newHome();
    const { identityId, publicKeys } = await create(orgId, [siteId]);
    const { registry } = db;
    const integration = await registry.integrations.get(identityId);
    assert.deepEqual(integration?.scopes, ["telemetry:read"]);
    assert.deepEqual(integration?.siteIds, [siteId]);
    assert.equal(integration?.revokedAt, null);
    assert.equal((await registry.identities.byKey(publicKeys))?.type, "integration");
    assert.equal((await registry.members.get(orgId, identityId))?.role, "viewer");
    assert.equal(
      (await registry.integrations.get((await create(orgId)).identityId))?.siteIds,
      undefined,
    );
  });

  it("refuses a key of somebody else and a site of another organization, and keeps nothing", async () => {
    const { orgId } = await db.newHome();
    const { siteId: foreign } = await db.newHome();
    const publicKey = db.newKey();
    await db.registry.identities.register({ type: "user", publicKeys: [publicKey] });
    const wish = { orgId, name: "x", scopes: ["telemetry:read"], createdBy: "x" } as const;
    const { integrations } = db.registry;
    await assert.rejects(
      integrations.create({ ...wish, publicKeys: [publicKey], siteIds: undefined }),
      { code: "conflict" },
    );
    await assert.rejects(
      integrations.create({ ...wish, publicKeys: [db.newKey()], siteIds: [foreign] }),
      { code: "validation_failed" },
    );
    const page = { after: undefined, limit: 10 };
    assert.deepEqual(await integrations.list(orgId, page), []);
    assert.equal(await db.registry.natsSlots.slotOf(orgId), undefined);
  });

  it("changes name and sites, and tells whose caches must forget what", async () => {
    const { orgId, siteId } = await db.newHome();
    const integration = await create(orgId);
    const { identityId } = integration;
    const { integrations, members } = db.registry;
    db.told();
    await integrations.update(integration, { name: "New" });
    assert.deepEqual(db.told(), [`identity ${identityId}`]);
    await integrations.update(integration, { siteIds: [siteId] });
    assert.deepEqual(db.told(), [`member ${identityId}`]);
    const changed = await integrations.get(identityId);
    assert.deepEqual([changed?.name, changed?.siteIds], ["New", [siteId]]);
    await members.remove(orgId, identityId);
    await integrations.update(integration, { siteIds: null });
    assert.deepEqual((await members.get(orgId, identityId))?.role, "viewer", "it is let in again");
    assert.equal((await integrations.get(identityId))?.siteIds, undefined);
  });

  it("changes nothing when a part cannot be changed, or once it is revoked", async () => {
    const { orgId } = await db.newHome();
    const { siteId: foreign } = await db.newHome();
    const integration = await create(orgId);
    const { name: taken } = await create(orgId);
    const { integrations } = db.registry;
    const settings = { name: "New", siteIds: [foreign] };
    await assert.rejects(integrations.update(integration, settings), { code: "validation_failed" });
    const clash = { name: String(taken), siteIds: null };
    await assert.rejects(integrations.update(integration, clash), { code: "conflict" });
    assert.equal((await integrations.get(integration.identityId))?.name, integration.name);
    await integrations.revoke(integration.identityId);
    await assert.rejects(integrations.update(integration, { siteIds: null }), {
      code: "not_found",
    });
    assert.equal(await db.registry.members.get(orgId, integration.identityId), undefined);
  });

  it("lets one of several made at once have a name", async () => {
    const { orgId } = await db.newHome();
    const wish = { orgId, name: "Same", scopes: ["telemetry:read"], createdBy: "x" } as const;
    const outcomes = await Promise.allSettled(
      [1, 2, 3].map(() =>
        db.registry.integrations.create({
          ...{ ...wish, publicKeys: [db.newKey()], siteIds: undefined },
        }),
      ),
    );
    const reasons = outcomes.flatMap((each) => (each.status === "rejected" ? [each.reason] : []));
    assert.deepEqual(
      reasons.map(({ code }) => code),
      ["conflict", "conflict"],
    );
  });

  it("is one of so many, and a revoked one makes room", async () => {
    const { orgId } = await db.newHome();
    const first = await create(orgId);
    for (let i = 1; i < limits.integrationsPerOrgMax; i++) await create(orgId);
    await assert.rejects(create(orgId), { code: "conflict", message: /has 100 integrations/ });
    await db.registry.integrations.revoke(first.identityId);
    await create(orgId);
  });

  it("puts another key in the place of the old one, and tells it", async () => {
    const { orgId } = await db.newHome();
    const { identityId, publicKeys } = await create(orgId);
    const next = db.newKey();
    db.told();
    await db.registry.integrations.rotateKey(identityId, [next]);
    assert.deepEqual(db.told(), [`identity ${identityId}`, `keys ${identityId}`]);
    assert.deepEqual(await db.registry.identities.keys(identityId), [next]);
    assert.equal(await db.registry.identities.byKey(publicKeys), undefined);
  });

  it("ends a revoked one with its membership, and neither lists nor rotates it", async () => {
    const { orgId } = await db.newHome();
    const { identityId } = await create(orgId);
    const { identityId: other } = await create(orgId);
    db.told();
    await db.registry.integrations.revoke(identityId);
    assert.deepEqual(db.told(), [`identity ${identityId}`, `member ${identityId}`]);
    const revoked = await db.registry.integrations.get(identityId);
    assert.ok(revoked?.revokedAt);
    assert.deepEqual(revoked?.siteIds, [], "who is no member sees no site");
    assert.equal(await db.registry.members.get(orgId, identityId), undefined);
    const listed = await db.registry.integrations.list(orgId, { after: undefined, limit: 10 });
    assert.deepEqual(
      listed.map((integration) => integration.identityId),
      [other],
    );
    const rotation = db.registry.integrations.rotateKey(identityId, [db.newKey()]);
    await assert.rejects(rotation, { code: "not_found" });
  });

  it("notes when it was last here, no more often than is asked", async () => {
    const { orgId } = await db.newHome();
    const { identityId } = await create(orgId);
    const { integrations } = db.registry;
    const lastSeen = async () => (await integrations.get(identityId))?.lastSeenAt;
    const [first, second, third] = [0, 30, 90].map((s) => new Date(1e12 + s * 1000).toISOString());
    assert.ok(first && second && third);
    await integrations.seen(identityId, first, "1970-01-01T00:00:00.000Z");
    assert.equal(await lastSeen(), first);
    await integrations.seen(identityId, second, first);
    assert.equal(await lastSeen(), first);
    await integrations.seen(identityId, third, second);
    assert.equal(await lastSeen(), third);
  });
});

onBothDatabases("accounts of back ends", (db) => {
  const addTo = (orgId: string) =>
    db.registry.integrations.create({
      ...{ orgId, name: db.newKey(), publicKeys: [db.newKey()], scopes: ["telemetry:read"] },
      ...{ siteIds: undefined, createdBy: "x" },
    });

  it("gives each organization one, the lowest that is free, until all are taken", async () => {
    const { natsSlots, organizations } = db.registry;
    const orgIds: string[] = [];
    for (let i = 0; i < limits.externalAccounts; i++) orgIds.push((await db.newHome()).orgId);
    await Promise.all(orgIds.map(addTo));
    await Promise.all(orgIds.slice(0, 3).map(addTo));
    const slots = await Promise.all(orgIds.map((orgId) => natsSlots.slotOf(orgId)));
    assert.deepEqual(
      slots.toSorted((one = 0, other = 0) => one - other),
      Array.from({ length: limits.externalAccounts }, (_, slot) => slot),
    );
    const { orgId: late } = await db.newHome();
    await assert.rejects(addTo(late), { code: "nats_slots_exhausted" });
    const [, second = ""] = orgIds;
    await organizations.remove(second);
    await addTo(late);
    assert.equal(await natsSlots.slotOf(late), slots[1]);
  });

  it("revokes the integrations of an organization that is deleted", async () => {
    const { orgId } = await db.newHome();
    await db.registry.organizations.remove((await db.newHome()).orgId);
    // Every account is taken by the test before: one is given back first.
    const page = { after: undefined, limit: 1 };
    const [taken] = await db.registry.organizations.list("anyone", page);
    await db.registry.organizations.remove(taken?.id ?? "");
    const { identityId } = await addTo(orgId);
    db.told();
    await db.registry.organizations.remove(orgId);
    assert.ok(db.told().includes(`identity ${identityId}`));
    assert.ok((await db.registry.identities.get(identityId))?.revokedAt);
    assert.equal(await db.registry.integrations.get(identityId), undefined);
  });
});
