import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import type { RegistryChange } from "../../src/registry/changes.ts";
import { describeDatabase, openRegistry, type Registry } from "../../src/registry/database.ts";
import { findPostgres, type PostgresCluster, startPostgres } from "./postgres.ts";

const run = promisify(execFile);
const password = "s3cret-of-the-database";

describe("the registry on SQLite", () => registrySuite(async () => undefined));

const bin = findPostgres();
const mayMiss = bin === undefined && process.env.CI !== "true";
const missing = "PostgreSQL is not installed (Debian: apt install postgresql)";

describe("the registry on PostgreSQL", { skip: mayMiss && missing }, () => {
  let cluster: PostgresCluster;
  before(async () => {
    assert.ok(bin, missing);
    cluster = await startPostgres(bin, password);
  });
  after(() => cluster?.[Symbol.asyncDispose]());
  registrySuite(() => cluster.createDatabase());
});

/** The same behaviours on every database. */
function registrySuite(newDatabase: () => Promise<string | undefined>): void {
  let dataDir: string;
  let databaseUrl: string | undefined;
  let registry: Registry;
  const changes: RegistryChange[] = [];
  let keys = 0;
  const newKey = () => (++keys).toString(16).padStart(64, "0");

  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), "novacore-registry-"));
    databaseUrl = await newDatabase();
    registry = await openRegistry({ databaseUrl, dataDir });
    registry.changes.subscribe((change) => changes.push(change));
  });
  after(async () => {
    await registry?.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  const newUser = async () => {
    const publicKeys = [newKey()];
    return (await registry.identities.register({ type: "user", publicKeys })).identity.id;
  };
  const newHome = async () => {
    const ownerId = await newUser();
    const { id: orgId } = await registry.organizations.create({ name: "Home", ownerId });
    const { id: siteId } = await registry.sites.create(orgId, { name: "House" });
    return { ownerId, orgId, siteId };
  };
  const nonceUntil = new Date(Date.now() + 600_000).toISOString();
  const claim = (serial: string, orgId: string, publicKey: string) =>
    registry.gateways.claim({ serial, orgId, publicKey, nonce: newKey(), nonceUntil });
  const newGateway = async (orgId: string) => {
    const publicKey = newKey();
    const serial = `gw-${keys}`;
    await claim(serial, orgId, publicKey);
    return { serial, publicKey };
  };
  const inverter = (orgId: string, siteId: string, gatewaySerial: string) => ({
    orgId,
    siteId,
    gatewaySerial,
    hardwareId: "make:42",
    type: "inverter" as const,
    ders: [
      { name: "roof", type: "solar" as const },
      { name: "grid", type: "meter" as const },
    ],
  });
  /** Changes told since the last call. */
  const told = () => changes.splice(0).map(({ kind, id }) => `${kind} ${id}`);

  it("what was registered is there after it was closed and opened again", async () => {
    const { orgId, siteId } = await newHome();
    const again = await openRegistry({ databaseUrl, dataDir });
    assert.equal((await again.sites.get(siteId))?.orgId, orgId);
    await again.close();
  });

  it("two hubs that start at once on one new database both get it", async () => {
    const options = { databaseUrl: await newDatabase(), dataDir: join(dataDir, "fresh") };
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
    const publicKeys = [newKey()];
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, () => registry.identities.register({ type: "user", publicKeys })),
    );
    assert.equal(new Set(outcomes.map(({ identity }) => identity.id)).size, 1);
    assert.equal(outcomes.filter(({ created }) => created).length, 1);
  });

  it("an identity has several keys, keeps its last one, and shares none", async () => {
    const [first, second] = [newKey(), newKey()];
    const { identity } = await registry.identities.register({ type: "user", publicKeys: [first] });
    await registry.identities.addKey(identity.id, second);
    assert.equal((await registry.identities.byKey([second]))?.id, identity.id);
    const other = await newUser();
    await assert.rejects(registry.identities.addKey(other, second), { code: "conflict" });
    await registry.identities.removeKey(identity.id, first);
    assert.deepEqual(await registry.identities.keys(identity.id), [second]);
    await assert.rejects(registry.identities.removeKey(identity.id, second), { code: "conflict" });
    await assert.rejects(registry.identities.removeKey(identity.id, first), { code: "not_found" });
  });

  it("revoking is told once, and stays", async () => {
    const id = await newUser();
    told();
    await registry.identities.revoke(id);
    await registry.identities.revoke(id);
    assert.deepEqual(told(), [`identity ${id}`]);
    assert.ok((await registry.identities.get(id))?.revokedAt);
  });

  it("an organization keeps an owner, whatever is tried at once", async () => {
    const { ownerId, orgId } = await newHome();
    const second = await newUser();
    const only = { role: "viewer", siteIds: undefined } as const;
    await assert.rejects(registry.members.remove(orgId, ownerId), { code: "conflict" });
    await assert.rejects(registry.members.update(orgId, ownerId, only), { code: "conflict" });
    await registry.members.add(orgId, second, { role: "owner", siteIds: undefined });
    await Promise.allSettled([
      registry.members.remove(orgId, ownerId),
      registry.members.remove(orgId, second),
    ]);
    const left = await registry.members.list(orgId, { after: undefined, limit: 10 });
    assert.deepEqual(
      left.map(({ role }) => role),
      ["owner"],
    );
    assert.equal((await registry.organizations.get(orgId))?.ownerId, left[0]?.identityId);
  });

  it("a transfer makes the new owner, who need not be a member, and the former one an admin", async () => {
    const { ownerId, orgId } = await newHome();
    const heir = await newUser();
    await registry.organizations.transfer(orgId, heir);
    assert.equal((await registry.organizations.get(orgId))?.ownerId, heir);
    assert.equal((await registry.members.get(orgId, heir))?.role, "owner");
    assert.equal((await registry.members.get(orgId, ownerId))?.role, "admin");
  });

  it("a member limited to sites stays limited when the last of them is gone", async () => {
    const { orgId, siteId } = await newHome();
    const operator = await newUser();
    await registry.members.add(orgId, operator, { role: "operator", siteIds: [siteId] });
    assert.deepEqual((await registry.members.get(orgId, operator))?.siteIds, [siteId]);
    await registry.sites.remove(siteId);
    assert.deepEqual((await registry.members.get(orgId, operator))?.siteIds, []);
  });

  it("a member cannot be limited to another organization's site", async () => {
    const { orgId } = await newHome();
    const foreign = await newHome();
    const settings = { role: "viewer", siteIds: [foreign.siteId] } as const;
    await assert.rejects(registry.members.add(orgId, await newUser(), settings), {
      code: "validation_failed",
    });
  });

  it("a nonce is good once, and a failed claim leaves nothing behind", async () => {
    const { orgId } = await newHome();
    const { serial, publicKey } = await newGateway(orgId);
    const nonce = newKey();
    const used = { serial, orgId, publicKey, nonce, nonceUntil };
    await registry.gateways.claim(used);
    await assert.rejects(registry.gateways.claim(used), { code: "claim_replayed" });
    const fresh = { ...used, nonce: newKey(), publicKey: newKey() };
    await assert.rejects(registry.gateways.claim(fresh), { code: "signature_invalid" });
    assert.deepEqual(await registry.identities.keys(serial), [publicKey]);
    await registry.gateways.claim({ ...fresh, publicKey });
  });

  it("a serial registered by a stranger goes to the first that proves its key", async () => {
    const { orgId } = await newHome();
    await registry.identities.register({ id: "gw-squat", type: "gateway", publicKeys: [newKey()] });
    const proven = newKey();
    await claim("gw-squat", orgId, proven);
    assert.deepEqual(await registry.identities.keys("gw-squat"), [proven]);
  });

  it("a device's identity can be claimed by its own key only", async () => {
    const { orgId } = await newHome();
    const publicKeys = [newKey()];
    const { identity } = await registry.identities.register({ type: "device", publicKeys });
    await assert.rejects(claim(identity.id, orgId, newKey()), { code: "signature_invalid" });
    await claim(identity.id, orgId, publicKeys[0] ?? "");
    assert.equal((await registry.gateways.get(identity.id))?.orgId, orgId);
  });

  it("a gateway that registered its key without a serial gets it by its claim", async () => {
    const { orgId } = await newHome();
    const publicKey = newKey();
    const nameless = await registry.identities.register({
      type: "gateway",
      publicKeys: [publicKey],
    });
    await claim("gw-named", orgId, publicKey);
    assert.equal((await registry.identities.byKey([publicKey]))?.id, "gw-named");
    assert.equal(await registry.identities.get(nameless.identity.id), undefined);
  });

  it("a revoked gateway, a person's id and another's key cannot be claimed", async () => {
    const { ownerId, orgId } = await newHome();
    const { serial, publicKey } = await newGateway(orgId);
    await assert.rejects(claim(ownerId, orgId, newKey()), { code: "conflict" });
    await assert.rejects(claim("gw-new", orgId, publicKey), { code: "conflict" });
    await registry.identities.revoke(serial);
    await assert.rejects(claim(serial, orgId, publicKey), { code: "identity_revoked" });
  });

  it("concurrent provisioning makes one device with each DER once", async () => {
    const { orgId, siteId } = await newHome();
    const { serial } = await newGateway(orgId);
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, () => registry.devices.provision(inverter(orgId, siteId, serial))),
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
    const { orgId, siteId } = await newHome();
    const { serial } = await newGateway(orgId);
    const device = inverter(orgId, siteId, serial);
    const { device: stored } = await registry.devices.provision(device);
    const battery = { ...device, type: "battery" as const, ders: [] };
    await assert.rejects(registry.devices.provision(battery), { code: "conflict" });
    const ders = [
      { name: "new", type: "battery" as const },
      { name: "roof", type: "meter" as const },
    ];
    await assert.rejects(registry.devices.provision({ ...device, ders }), { code: "conflict" });
    assert.deepEqual(await registry.devices.get(stored.id), stored);
  });

  it("a device can stand on its own organization's sites only", async () => {
    const { orgId, siteId } = await newHome();
    const foreign = await newHome();
    const { serial } = await newGateway(orgId);
    const device = inverter(orgId, siteId, serial);
    await assert.rejects(registry.devices.provision({ ...device, siteId: foreign.siteId }), {
      code: "not_found",
    });
    await assert.rejects(registry.devices.provision({ ...device, orgId: foreign.orgId }), {
      code: "not_found",
    });
    const { device: stored } = await registry.devices.provision(device);
    await assert.rejects(registry.devices.update(stored.id, { siteId: foreign.siteId }), {
      code: "not_found",
    });
  });

  it("a tree tells whose a gateway is, what is behind it, and what its readings are", async () => {
    const { orgId, siteId } = await newHome();
    const { serial } = await newGateway(orgId);
    const { device } = await registry.devices.provision(inverter(orgId, siteId, serial));
    const [roof, grid] = device.ders;
    assert.deepEqual(await registry.gateways.tree(serial), {
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
    assert.equal(await registry.gateways.tree("gw-unknown"), undefined);
  });

  it("a moved gateway leaves orphans, meets its hardware anew, and finds them when it returns", async () => {
    const home = await newHome();
    const { serial, publicKey } = await newGateway(home.orgId);
    const first = await registry.devices.provision(inverter(home.orgId, home.siteId, serial));
    const next = await newHome();
    await claim(serial, next.orgId, publicKey);
    const moved = await registry.gateways.tree(serial);
    assert.deepEqual([moved?.orgId, moved?.devices[0]?.state], [next.orgId, "orphaned"]);
    const second = await registry.devices.provision(inverter(next.orgId, next.siteId, serial));
    assert.notEqual(second.device.id, first.device.id);
    const tree = await registry.gateways.tree(serial);
    assert.deepEqual(
      tree?.devices.map(({ deviceId, state }) => [deviceId, state]),
      [[second.device.id, "pending"]],
    );
    await registry.gateways.release(serial);
    assert.equal((await registry.gateways.tree(serial))?.orgId, undefined);
    await claim(serial, home.orgId, publicKey);
    const back = await registry.devices.provision(inverter(home.orgId, home.siteId, serial));
    assert.deepEqual(
      [back.device.id, back.device.state, back.created],
      [first.device.id, "pending", false],
    );
  });

  it("the first reading makes a pending device active, and an orphan stays one", async () => {
    const { orgId, siteId } = await newHome();
    const { serial } = await newGateway(orgId);
    const { device } = await registry.devices.provision(inverter(orgId, siteId, serial));
    told();
    await registry.devices.activate(device.id);
    await registry.devices.activate(device.id);
    assert.deepEqual(told(), [`gateway ${serial}`]);
    assert.equal((await registry.devices.get(device.id))?.state, "active");
    await registry.gateways.release(serial);
    await registry.devices.activate(device.id);
    assert.equal((await registry.devices.get(device.id))?.state, "orphaned");
  });

  it("every change behind a gateway is told by its serial", async () => {
    const { orgId, siteId } = await newHome();
    const { serial } = await newGateway(orgId);
    told();
    const { device } = await registry.devices.provision(inverter(orgId, siteId, serial));
    await registry.devices.addDer(device.id, { name: "bat", type: "battery" });
    await registry.devices.update(device.id, { name: "Roof" });
    await registry.gateways.setBatterySign(serial, "negated");
    await registry.devices.remove(device.id);
    await registry.gateways.release(serial);
    assert.deepEqual(told(), Array(6).fill(`gateway ${serial}`));
  });

  it("what is in use is not deleted by accident", async () => {
    const { orgId, siteId } = await newHome();
    const { serial } = await newGateway(orgId);
    await registry.devices.provision(inverter(orgId, siteId, serial));
    await assert.rejects(registry.sites.remove(siteId), { code: "conflict" });
    await assert.rejects(registry.organizations.remove(orgId), { code: "conflict" });
    await registry.gateways.release(serial);
    await registry.sites.remove(siteId);
    await registry.organizations.remove(orgId);
    assert.equal(await registry.organizations.get(orgId), undefined);
  });

  it("lists come in pages, by id, of the scope asked for", async () => {
    const home = await newHome();
    const other = await newHome();
    const more = await registry.sites.create(home.orgId, { name: "Barn" });
    const all = { orgIds: [home.orgId], siteIds: [other.siteId] };
    const first = await registry.sites.list(all, { after: undefined, limit: 2 });
    assert.deepEqual(
      first.map(({ id }) => id),
      [home.siteId, other.siteId],
    );
    const rest = await registry.sites.list(all, { after: other.siteId, limit: 2 });
    assert.deepEqual(
      rest.map(({ id }) => id),
      [more.id],
    );
    const none = { orgIds: [], siteIds: [] };
    assert.deepEqual(await registry.sites.list(none, { after: undefined, limit: 2 }), []);
    assert.deepEqual(await registry.gateways.list(none, { after: undefined, limit: 2 }), []);
    const { serial } = await newGateway(home.orgId);
    await registry.devices.provision(inverter(home.orgId, more.id, serial));
    const atSite = { orgIds: [], siteIds: [more.id] };
    const gateways = await registry.gateways.list(atSite, { after: undefined, limit: 2 });
    assert.deepEqual(
      gateways.map((gateway) => gateway.serial),
      [serial],
    );
  });

  it("only the owner of the data folder can read the file", async (context) => {
    if (databaseUrl !== undefined) return context.skip("PostgreSQL keeps its own files");
    for (const file of ["registry.sqlite", "registry.sqlite-wal", "registry.sqlite-shm"]) {
      assert.equal((await stat(join(dataDir, file))).mode & 0o777, 0o600, file);
    }
  });

  it("a database that is not there is told by its place, never by its password", async () => {
    const url = `postgres://novacore:${password}@127.0.0.1:1/none`;
    await assert.rejects(openRegistry({ databaseUrl: url, dataDir }), (error: Error) => {
      assert.match(error.message, /postgres:\/\/127\.0\.0\.1:1\/none/);
      assert.ok(!JSON.stringify([error.message, error.stack, error]).includes(password));
      return true;
    });
    assert.equal(describeDatabase({ databaseUrl: url, dataDir }), "postgres://127.0.0.1:1/none");
  });
}
