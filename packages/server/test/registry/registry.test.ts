import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { it } from "node:test";
import { promisify } from "node:util";
import { describeDatabase, openRegistry } from "../../src/registry/database.ts";
import { databasePassword, inverter, onBothDatabases } from "./both-databases.ts";

const run = promisify(execFile);

onBothDatabases("the registry", (db) => {
  it("what was registered is there after it was closed and opened again", async () => {
    const { orgId, siteId } = await db.newHome();
    const again = await openRegistry(db);
    assert.equal((await again.sites.get(siteId))?.orgId, orgId);
    await again.close();
  });

  it("two hubs that start at once on one new database both get it", async () => {
    const options = { databaseUrl: await db.newDatabase(), dataDir: join(db.dataDir, "fresh") };
    const database = import.meta.resolve("../../src/registry/database.ts");
    const program = `
      const { openRegistry } = await import(${JSON.stringify(database)});
      const registry = await openRegistry(${JSON.stringify(options)});
      console.log((await registry.identities.get("nobody")) === undefined);
      await registry.close();`;
    const hub = () => run(process.execPath, ["--input-type=module", "-e", program]);
    const both = await Promise.all([hub(), hub(), hub()]);
    for (const { stdout } of both) assert.equal(stdout, "true\n");
  });

  it("a key registered many times at once is one identity", async () => {
    const publicKeys = [db.newKey()];
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, () =>
        db.registry.identities.register({ type: "user", publicKeys }),
      ),
    );
    assert.equal(new Set(outcomes.map(({ identity }) => identity.id)).size, 1);
    assert.equal(outcomes.filter(({ created }) => created).length, 1);
  });

  it("an identity has several keys, keeps its last one, and shares none", async () => {
    const [first, second] = [db.newKey(), db.newKey()];
    const { identity } = await db.registry.identities.register({
      type: "user",
      publicKeys: [first],
    });
    await db.registry.identities.addKey(identity.id, second);
    assert.equal((await db.registry.identities.byKey([second]))?.id, identity.id);
    const other = await db.newUser();
    await assert.rejects(db.registry.identities.addKey(other, second), { code: "conflict" });
    await db.registry.identities.removeKey(identity.id, first);
    assert.deepEqual(await db.registry.identities.keys(identity.id), [second]);
    await assert.rejects(db.registry.identities.removeKey(identity.id, second), {
      code: "conflict",
    });
    await assert.rejects(db.registry.identities.removeKey(identity.id, first), {
      code: "not_found",
    });
  });

  it("revoking is told once, and stays", async () => {
    const id = await db.newUser();
    db.told();
    await db.registry.identities.revoke(id);
    await db.registry.identities.revoke(id);
    assert.deepEqual(db.told(), [`identity ${id}`]);
    assert.ok((await db.registry.identities.get(id))?.revokedAt);
  });

  it("an organization keeps an owner, whatever is tried at once", async () => {
    const { ownerId, orgId } = await db.newHome();
    const second = await db.newUser();
    const only = { role: "viewer", siteIds: undefined } as const;
    await assert.rejects(db.registry.members.remove(orgId, ownerId), { code: "conflict" });
    await assert.rejects(db.registry.members.update(orgId, ownerId, only), { code: "conflict" });
    await db.registry.members.add(orgId, second, { role: "owner", siteIds: undefined });
    await Promise.allSettled([
      db.registry.members.remove(orgId, ownerId),
      db.registry.members.remove(orgId, second),
    ]);
    const left = await db.registry.members.list(orgId, { after: undefined, limit: 10 });
    assert.deepEqual(
      left.map(({ role }) => role),
      ["owner"],
    );
    assert.equal((await db.registry.organizations.get(orgId))?.ownerId, left[0]?.identityId);
  });

  it("a transfer makes the new owner, who need not be a member, and the former one an admin", async () => {
    const { ownerId, orgId } = await db.newHome();
    const heir = await db.newUser();
    await db.registry.organizations.transfer(orgId, heir);
    assert.equal((await db.registry.organizations.get(orgId))?.ownerId, heir);
    assert.equal((await db.registry.members.get(orgId, heir))?.role, "owner");
    assert.equal((await db.registry.members.get(orgId, ownerId))?.role, "admin");
  });

  it("a member limited to sites stays limited when the last of them is gone", async () => {
    const { orgId, siteId } = await db.newHome();
    const operator = await db.newUser();
    await db.registry.members.add(orgId, operator, { role: "operator", siteIds: [siteId] });
    assert.deepEqual((await db.registry.members.get(orgId, operator))?.siteIds, [siteId]);
    await db.registry.sites.remove(siteId);
    assert.deepEqual((await db.registry.members.get(orgId, operator))?.siteIds, []);
  });

  it("a member cannot be limited to another organization's site", async () => {
    const { orgId } = await db.newHome();
    const foreign = await db.newHome();
    const settings = { role: "viewer", siteIds: [foreign.siteId] } as const;
    await assert.rejects(db.registry.members.add(orgId, await db.newUser(), settings), {
      code: "validation_failed",
    });
  });

  it("lists come in pages, by id, of the scope asked for", async () => {
    const home = await db.newHome();
    const other = await db.newHome();
    const more = await db.registry.sites.create(home.orgId, { name: "Barn" });
    const all = { orgIds: [home.orgId], siteIds: [other.siteId] };
    const first = await db.registry.sites.list(all, { after: undefined, limit: 2 });
    assert.deepEqual(
      first.map(({ id }) => id),
      [home.siteId, other.siteId],
    );
    const rest = await db.registry.sites.list(all, { after: other.siteId, limit: 2 });
    assert.deepEqual(
      rest.map(({ id }) => id),
      [more.id],
    );
    const none = { orgIds: [], siteIds: [] };
    assert.deepEqual(await db.registry.sites.list(none, { after: undefined, limit: 2 }), []);
    assert.deepEqual(await db.registry.gateways.list(none, { after: undefined, limit: 2 }), []);
    const { serial } = await db.newGateway(home.orgId);
    await db.registry.devices.provision(inverter(home.orgId, more.id, serial));
    const atSite = { orgIds: [], siteIds: [more.id] };
    const gateways = await db.registry.gateways.list(atSite, { after: undefined, limit: 2 });
    assert.deepEqual(
      gateways.map((gateway) => gateway.serial),
      [serial],
    );
  });

  it("only the owner of the data folder can read the file", async (context) => {
    if (db.databaseUrl !== undefined) return context.skip("PostgreSQL keeps its own files");
    for (const file of ["registry.sqlite", "registry.sqlite-wal", "registry.sqlite-shm"]) {
      assert.equal((await stat(join(db.dataDir, file))).mode & 0o777, 0o600, file);
    }
  });

  it("a database that is not there is told by its place, never by its password", async () => {
    const url = `postgres://novacore:${databasePassword}@127.0.0.1:1/none`;
    await assert.rejects(
      openRegistry({ databaseUrl: url, dataDir: db.dataDir }),
      (error: Error) => {
        assert.match(error.message, /postgres:\/\/127\.0\.0\.1:1\/none/);
        assert.ok(!JSON.stringify([error.message, error.stack, error]).includes(databasePassword));
        return true;
      },
    );
    assert.equal(
      describeDatabase({ databaseUrl: url, dataDir: db.dataDir }),
      "postgres://127.0.0.1:1/none",
    );
  });
});
