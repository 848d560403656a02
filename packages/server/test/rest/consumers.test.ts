import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { jetstreamManager } from "@nats-io/jetstream";
import { decodeCursor } from "@novacore/protocol";
import { type BackEnd, createBackEnd } from "../../../../test/support/back-end.ts";
import { createHome, type Home } from "../../../../test/support/home.ts";
import { startHub, type TestHub } from "../../../../test/support/hub.ts";
import { limits } from "../../src/limits.ts";
import { connectHub } from "../../src/nats/connection.ts";
import { loadHubKeys } from "../../src/nats/hub-keys.ts";
import { type Asker, askerOf, until } from "./ask-until.ts";

let hub: TestHub;
let home: Home;
let owner: Asker;
let backEnd: BackEnd;
let self: Asker;

before(async () => {
  hub = await startHub();
  home = await createHome(hub);
  owner = askerOf(hub.url, () => home.token);
  backEnd = await createBackEnd(home);
  self = askerOf(hub.url, backEnd.loginJwt);
});
after(() => hub?.close());

/** An integration of the home, and how it asks. */
async function another(siteIds?: readonly string[]): Promise<{ id: string; ask: Asker }> {
  const made = await createBackEnd(home, siteIds === undefined ? {} : { siteIds });
  return { id: made.id, ask: askerOf(hub.url, made.loginJwt) };
}

async function anotherSite(name: string): Promise<string> {
  return (await owner("POST", "/sites", { org_id: home.orgId, name })).body.id;
}

function provision(siteId: string, hardwareId: string, ders: object[], type = "inverter") {
  return owner("POST", "/devices/provision", {
    gateway_serial: home.gateway.serial,
    ...{ hardware_id: hardwareId, device_type: type, site_id: siteId, ders },
  });
}

describe("a consumer over REST", () => {
  test("is made, read, listed and deleted by its integration", async () => {
    const body = { name: "warehouse", org_id: home.orgId };
    const made = await self("POST", "/nats/consumers", body);
    assert.equal(made.status, 201, JSON.stringify(made.body));
    const { starts_at, created_at, delivered, acknowledged, ...rest } = made.body;
    assert.deepEqual(rest, {
      ...{ name: "warehouse", org_id: home.orgId, integration_id: backEnd.id },
      ...{ stream: "ENRICHED_TELEMETRY", consumer: `${backEnd.id}_0` },
      ...{ sites: null, types: null, ack: "explicit", start: "position" },
      ...{ filter_subjects: 1, widened: false, pending: 0, ack_pending: 0 },
    });
    assert.ok(decodeCursor(starts_at));
    assert.ok(Date.parse(created_at));
    const one = await self("GET", "/nats/consumers/warehouse");
    assert.deepEqual([one.status, one.body], [200, made.body]);
    assert.deepEqual((await self("GET", "/nats/consumers")).body, [made.body]);
    const twice = await self("POST", "/nats/consumers", body);
    assert.deepEqual([twice.status, twice.body.error], [409, "conflict"]);
    assert.equal((await self("DELETE", "/nats/consumers/warehouse")).status, 204);
    assert.equal((await self("DELETE", "/nats/consumers/warehouse")).status, 404);
    assert.equal((await self("GET", "/nats/consumers/warehouse")).status, 404);
  });

  test("has a name of its integration's own, which others neither see nor block", async () => {
    const other = await another();
    for (const ask of [self, other.ask]) {
      const made = await ask("POST", "/nats/consumers", { name: "shared", org_id: home.orgId });
      assert.equal(made.status, 201);
    }
    assert.equal((await other.ask("DELETE", "/nats/consumers/shared")).status, 204);
    assert.equal((await self("GET", "/nats/consumers/shared")).status, 200);
    const peek = await other.ask("GET", `/nats/consumers/shared?integration_id=${backEnd.id}`);
    assert.equal(peek.status, 404);
    const inItsName = { name: "x", org_id: home.orgId, integration_id: backEnd.id };
    assert.equal((await other.ask("POST", "/nats/consumers", inItsName)).status, 404);
    await self("DELETE", "/nats/consumers/shared");
  });

  test("is managed by owners and admins for an integration that they name", async () => {
    const unnamed = await owner("POST", "/nats/consumers", { name: "mine", org_id: home.orgId });
    assert.deepEqual([unnamed.status, unnamed.body.details[0].path], [422, "/integration_id"]);
    const body = { name: "mine", org_id: home.orgId, integration_id: backEnd.id };
    assert.equal((await owner("POST", "/nats/consumers", body)).status, 201);
    const query = `?integration_id=${backEnd.id}`;
    assert.equal((await owner("GET", `/nats/consumers${query}`)).body.length, 1);
    const reset = await owner("POST", `/nats/consumers/mine/reset${query}`, { since: 0 });
    assert.equal(reset.status, 200, JSON.stringify(reset.body));
    assert.equal((await owner("DELETE", `/nats/consumers/mine${query}`)).status, 204);
  });

  test("does not exist for other organizations, and may not be touched by viewers", async () => {
    const stranger = await createHome(hub);
    const viewer = await createHome(hub);
    const viewerId = viewer.session.identityId;
    const member = { identity_id: viewerId, role: "viewer" };
    await owner("POST", `/organizations/${home.orgId}/members`, member);
    const query = `?integration_id=${backEnd.id}`;
    const body = { name: "mine", org_id: home.orgId, integration_id: backEnd.id };
    for (const [who, status] of [
      [stranger, 404],
      [viewer, 403],
    ] as const) {
      const ask = askerOf(hub.url, () => who.token);
      assert.equal((await ask("GET", `/nats/consumers${query}`)).status, status);
      assert.equal((await ask("POST", "/nats/consumers", body)).status, status);
    }
    const foreign = await self("POST", "/nats/consumers", { name: "a", org_id: stranger.orgId });
    assert.equal(foreign.status, 404);
    const sites = { name: "a", org_id: home.orgId, sites: [home.siteId, stranger.siteId] };
    const unseen = await self("POST", "/nats/consumers", sites);
    assert.deepEqual([unseen.status, unseen.body.details[0].path], [404, "/sites/1"]);
    assert.ok(unseen.body.message.includes(stranger.siteId), unseen.body.message);
  });

  test("is of the only organization that its integration works for, named or not", async () => {
    const made = await self("POST", "/nats/consumers", { name: "default" });
    assert.deepEqual([made.status, made.body.org_id], [201, home.orgId]);
    await self("DELETE", "/nats/consumers/default");
  });

  test("refuses what makes no sense", async () => {
    const body = { name: "odd", org_id: home.orgId };
    const faults: [object, path: string][] = [
      [{ name: "a b" }, "/name"],
      [{ name: "x".repeat(33) }, "/name"],
      [{ types: ["sun"] }, "/types/0"],
      [{ types: [] }, "/types"],
      [{ sites: [] }, "/sites"],
      [{ since: "yesterday" }, "/since"],
      [{ since: 0, start: "new" }, "/since"],
      [{ ack: "all" }, "/ack"],
      [{ site_ids: [home.siteId] }, "/site_ids"],
      [{ type: "pv" }, "/type"],
      [{ from_oldest: true }, "/from_oldest"],
      [{ start: "new", from_oldest: true }, "/from_oldest"],
    ];
    for (const [fault, path] of faults) {
      const { status, body: answer } = await self("POST", "/nats/consumers", { ...body, ...fault });
      assert.equal(status, 422, JSON.stringify(fault));
      assert.equal(answer.details[0].path, path);
    }
    const { body: unknown } = await self("POST", "/nats/consumers", { ...body, site_ids: [] });
    assert.match(unknown.message, /^\/site_ids .*name, org_id, integration_id, sites, types/);
  });

  test("is reset to a position that is named, and to nothing else", async () => {
    const path = "/nats/consumers/resettable";
    const { body: made } = await self("POST", "/nats/consumers", { name: "resettable" });
    const faults: [object, path: string][] = [
      [{}, "/since"],
      [{ from_oldest: true }, "/from_oldest"],
      [{ since: 0, start: "new" }, "/since"],
      [{ since: 0, sites: [home.siteId] }, "/sites"],
    ];
    for (const [fault, where] of faults) {
      const { status, body } = await self("POST", `${path}/reset`, fault);
      assert.deepEqual([status, body.details[0].path], [422, where], JSON.stringify(fault));
    }
    assert.deepEqual((await self("GET", path)).body, made);
    assert.equal((await self("POST", `${path}/reset`, { start: "new" })).status, 200);
    await self("DELETE", path);
  });
});

describe("what a consumer reads", () => {
  test("types are the DERs that report them, and follow as DERs come and go", async () => {
    const name = "solar";
    const body = { name, org_id: home.orgId, types: ["pv"] };
    const made = await self("POST", "/nats/consumers", body);
    // The home has one roof, and one inverter with two.
    assert.equal(made.body.filter_subjects, 3);
    const device = await provision(home.siteId, "new:1", [
      { name: "roof", type: "pv" },
      { name: "grid", type: "meter" },
    ]);
    const count = async () => (await self("GET", `/nats/consumers/${name}`)).body.filter_subjects;
    await until("the new DER is read", async () => (await count()) === 4);
    await owner("DELETE", `/devices/${device.body.device_id}`);
    await until("the deleted DER is not read", async () => (await count()) === 3);
    await self("DELETE", `/nats/consumers/${name}`);
  });

  test("no DER of the type is nothing, not everything", async () => {
    const siteId = await anotherSite("Empty");
    const body = { name: "none", org_id: home.orgId, sites: [siteId], types: ["meter"] };
    await home.publish("meter", { type: "meter", timestamp: Date.now(), W: 1 });
    const made = await self("POST", "/nats/consumers", { ...body, since: 0 });
    assert.deepEqual([made.body.filter_subjects, made.body.pending], [1, 0]);
    await self("DELETE", "/nats/consumers/none");
  });

  test("more DERs than a consumer can name are refused, and later read as whole sites", async () => {
    const siteId = await anotherSite("Park");
    const many = limits.consumerFiltersMax;
    const solar = (from: number, count: number) =>
      Array.from({ length: count }, (_, i) => ({ name: `roof-${from + i}`, type: "pv" }));
    for (let i = 0; i < many; i += 50) {
      assert.equal((await provision(siteId, `park:${i}`, solar(i, 50))).status, 201);
    }
    const body = { name: "park", org_id: home.orgId, sites: [siteId], types: ["pv"] };
    const made = await self("POST", "/nats/consumers", body);
    assert.deepEqual([made.body.filter_subjects, made.body.widened], [many, false]);
    await provision(siteId, "park:more", solar(many, 1));
    const now = async () => (await self("GET", "/nats/consumers/park")).body;
    await until("the site is read as a whole", async () => (await now()).widened);
    assert.equal((await now()).filter_subjects, 1);
    const refused = await self("POST", "/nats/consumers", { ...body, name: "second" });
    assert.deepEqual([refused.status, refused.body.details[0].path], [422, "/types"]);
    assert.match(refused.body.message, new RegExp(`^${many + 1} DERs match.* at most ${many} `));
    await self("DELETE", "/nats/consumers/park");
  });

  test("an integration that is limited to sites reads those, and no others by naming them", async () => {
    const siteId = await anotherSite("Cabin");
    const { id, ask } = await another([siteId]);
    const all = await ask("POST", "/nats/consumers", { name: "all", org_id: home.orgId, since: 0 });
    assert.deepEqual([all.body.filter_subjects, all.body.pending], [1, 0]);
    const named = { name: "named", org_id: home.orgId, sites: [home.siteId] };
    assert.equal((await ask("POST", "/nats/consumers", named)).status, 404);
    // What it may see later, and may not see any more, changes what its consumers read.
    const path = `/organizations/${home.orgId}/members/${id}`;
    const grant = (siteIds: string[]) => owner("PUT", path, { role: "viewer", site_ids: siteIds });
    const filters = async () => (await ask("GET", "/nats/consumers/all")).body.filter_subjects;
    assert.equal((await grant([siteId, home.siteId])).status, 200);
    await until("both sites are read", async () => (await filters()) === 2);
    await grant([siteId]);
    await until("one site is read", async () => (await filters()) === 1);
  });

  test("a revoked integration leaves no consumers", async () => {
    const keys = loadHubKeys(hub.dataDir);
    const connection = await connectHub({ natsUrl: hub.natsUrl, keys }, "HUB", "test");
    const { consumers } = await jetstreamManager(connection);
    const { id, ask } = await another();
    await ask("POST", "/nats/consumers", { name: "left", org_id: home.orgId });
    await consumers.info("ENRICHED_TELEMETRY", `${id}_0`);
    await owner("DELETE", `/organizations/${home.orgId}/integrations/${id}`);
    await until("it is gone", () =>
      consumers.info("ENRICHED_TELEMETRY", `${id}_0`).then(
        () => false,
        () => true,
      ),
    );
    await connection.close();
  });
});
