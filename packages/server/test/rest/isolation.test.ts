import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Person, type RestHub, startRestHub } from "./rest-hub.ts";

/** Who stands in the columns of the table below. */
type Who =
  | "owner"
  | "admin"
  | "operator"
  | "limited"
  | "viewer"
  | "stranger"
  | "platform"
  | "root"
  | "gateway";

/**
 * Each route on something of one organization, with the status that each caller gets: the second
 * site, its device and its gateway are beyond the limited operator. Nothing here changes anything.
 */
const table: readonly [method: string, path: string, statuses: string][] = [
  //                                  owner admin operator limited viewer stranger platform root gateway
  ["GET", "/organizations/{org}", /*        */ "200 200 200 200 200 404 200 200 404"],
  ["PUT", "/organizations/{org}", /*        */ "200 200 403 403 403 404 200 200 404"],
  ["GET", "/organizations/{org}/members", /**/ "200 200 200 200 200 404 200 200 404"],
  ["POST", "/organizations/{org}/members", /**/ "422 422 403 403 403 404 422 422 404"],
  ["GET", "/organizations/{org}/integrations", /**/ "200 200 403 403 403 404 200 200 404"],
  ["POST", "/organizations/{org}/integrations", /**/ "422 422 403 403 403 404 422 422 404"],
  ["PATCH", "/organizations/{org}/integrations/none", "404 404 403 403 403 404 404 404 404"],
  ["GET", "/sites?org_id={org}", /*         */ "200 200 200 200 200 404 200 200 404"],
  ["POST", "/sites", /*                     */ "422 422 403 403 403 404 422 422 404"],
  ["GET", "/sites/{site}", /*               */ "200 200 200 200 200 404 200 200 404"],
  ["PUT", "/sites/{site}", /*               */ "200 200 403 403 403 404 200 200 404"],
  ["DELETE", "/sites/{site}", /*            */ "409 409 403 403 403 404 409 409 404"],
  ["GET", "/sites/{site}/devices", /*       */ "200 200 200 200 200 404 200 200 404"],
  ["GET", "/sites/{site2}", /*              */ "200 200 200 404 200 404 200 200 404"],
  ["PUT", "/sites/{site2}", /*              */ "200 200 403 404 403 404 200 200 404"],
  ["GET", "/gateways?org_id={org}", /*      */ "200 200 200 200 200 404 200 200 404"],
  ["GET", "/gateways/{gateway}", /*         */ "200 200 200 200 200 404 200 200 200"],
  ["PUT", "/gateways/{gateway}", /*         */ "200 200 403 403 403 404 200 200 403"],
  ["GET", "/gateways/{gateway2}", /*        */ "200 200 200 404 200 404 200 200 404"],
  ["DELETE", "/gateways/{gateway2}x", /*    */ "404 404 404 404 404 404 404 404 404"],
  ["GET", "/devices/{device}", /*           */ "200 200 200 200 200 404 200 200 200"],
  ["PUT", "/devices/{device}", /*           */ "200 200 403 403 403 404 200 200 403"],
  ["POST", "/devices/{device}/ders", /*     */ "200 200 403 403 403 404 200 200 200"],
  ["GET", "/ders/{der}", /*                 */ "200 200 200 200 200 404 200 200 200"],
  ["GET", "/devices/{device2}", /*          */ "200 200 200 404 200 404 200 200 404"],
  ["GET", "/ders/{der2}", /*                */ "200 200 200 404 200 404 200 200 404"],
];
const callers: readonly Who[] = [
  "owner",
  "admin",
  "operator",
  "limited",
  "viewer",
  "stranger",
  "platform",
  "root",
  "gateway",
];

describe("who gets what of an organization", () => {
  let hub: RestHub;
  const ids: Record<string, string> = {};
  const tokens = new Map<Who, string>();
  let owner: Person;

  before(async () => {
    hub = await startRestHub();
    owner = await hub.person();
    ids.org = (await owner.call("POST", "/organizations", { name: "Isolated" })).body.id;
    for (const n of ["", "2"]) {
      const site = { org_id: ids.org, name: "s" };
      ids[`site${n}`] = (await owner.call("POST", "/sites", site)).body.id;
      ids[`gateway${n}`] = `gw-isolated${n}`;
      const claimed = await hub.claim(owner, ids.org ?? "", ids[`gateway${n}`] ?? "");
      assert.equal(claimed.status, 201);
      const { body } = await owner.call("POST", "/devices/provision", {
        gateway_serial: ids[`gateway${n}`],
        hardware_id: "h",
        device_type: "battery",
        site_id: ids[`site${n}`],
        ders: [{ name: "bat", type: "battery" }],
      });
      ids[`device${n}`] = body.device_id;
      ids[`der${n}`] = body.ders[0].id;
    }
    tokens.set("owner", owner.token);
    const join = async (who: Who, role: string, site_ids?: (string | undefined)[]) => {
      const person = await hub.person();
      tokens.set(who, person.token);
      const body = { identity_id: person.id, role, ...(site_ids && { site_ids }) };
      const answer = await owner.call("POST", `/organizations/${ids.org}/members`, body);
      assert.equal(answer.status, 201, JSON.stringify(answer.body));
    };
    await join("admin", "admin");
    await join("operator", "operator");
    await join("limited", "operator", [ids.site]);
    await join("viewer", "viewer");
    const stranger = await hub.person();
    await stranger.call("POST", "/organizations", { name: "Other" });
    tokens.set("stranger", stranger.token);
    tokens.set("platform", (await hub.person("admin")).token);
    tokens.set("root", (await hub.person("root")).token);
    tokens.set("gateway", await gatewayToken());
  });
  after(() => hub[Symbol.asyncDispose]());

  /** The first gateway's token, by a key of its own that it is given here. */
  async function gatewayToken(): Promise<string> {
    const person = await import("./keys-for-tests.ts");
    const key = person.machineKey();
    await hub.registry.identities.addKey("gw-isolated", key.publicText);
    return (await hub.login(key)).body.token;
  }

  const bodies: Record<string, () => unknown> = {
    "POST /organizations/{org}/members": () => ({ identity_id: "idt-none", role: "viewer" }),
    "PATCH /organizations/{org}/integrations/none": () => ({ name: "i" }),
    "POST /organizations/{org}/integrations": () => ({ name: "i", scopes: ["telemetry:read"] }),
    "POST /sites": () => ({ org_id: ids.org, name: "s", timezone: "Nowhere" }),
    "POST /devices/{device}/ders": () => ({ name: "bat", type: "battery" }),
  };

  for (const [method, path, statuses] of table) {
    for (const [index, who] of callers.entries()) {
      const expected = Number(statuses.split(" ")[index]);
      it(`${method} ${path} answers ${expected} to ${who}`, async () => {
        const real = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? "");
        const body = method === "GET" || method === "DELETE" ? undefined : {};
        const sent = bodies[`${method} ${path}`]?.() ?? body;
        const answer = await hub.call(method, real, sent, tokens.get(who));
        assert.equal(answer.status, expected, JSON.stringify(answer.body));
      });
    }
  }

  it("what is invisible answers as what does not exist, to the letter", async () => {
    const withoutId = (body: { request_id: string }) => ({ ...body, request_id: "" });
    const token = tokens.get("stranger");
    for (const [hidden, absent] of [
      [`/sites/${ids.site}`, "/sites/sit-none"],
      [`/devices/${ids.device}`, "/devices/dev-none"],
      [`/gateways/${ids.gateway}`, "/gateways/gw-none"],
      [`/organizations/${ids.org}`, "/organizations/org-none"],
      [`/sites?org_id=${ids.org}`, "/sites?org_id=org-none"],
    ]) {
      const one = await hub.call("GET", hidden ?? "", undefined, token);
      const two = await hub.call("GET", absent ?? "", undefined, token);
      assert.deepEqual([one.status, withoutId(one.body)], [two.status, withoutId(two.body)]);
    }
  });

  it("lists show what the caller sees and no more", async () => {
    const names = async (who: Who, path: string) => {
      const { body } = await hub.call("GET", path, undefined, tokens.get(who));
      return body.map((item: { id: string }) => item.id).sort();
    };
    const both = [ids.site, ids.site2].sort();
    const gateways = [ids.gateway, ids.gateway2];
    for (const query of ["", `?org_id=${ids.org}`]) {
      assert.deepEqual(await names("viewer", `/sites${query}`), both);
      assert.deepEqual(await names("limited", `/sites${query}`), [ids.site]);
      assert.deepEqual(await names("viewer", `/gateways${query}`), gateways);
      assert.deepEqual(await names("limited", `/gateways${query}`), [ids.gateway]);
    }
    assert.deepEqual(await names("stranger", "/sites"), []);
    assert.deepEqual(await names("gateway", "/sites"), []);
    assert.deepEqual(await names("viewer", "/organizations"), [ids.org]);
    assert.equal((await names("root", "/organizations")).length, 2);
  });

  it("an admin cannot touch owners, make one, or hand the organization over", async () => {
    const admin = tokens.get("admin");
    const members = `/organizations/${ids.org}/members`;
    const person = await hub.person();
    const cases: [string, string, unknown][] = [
      ["POST", members, { identity_id: person.id, role: "owner" }],
      ["PUT", `${members}/${owner.id}`, { role: "viewer" }],
      ["DELETE", `${members}/${owner.id}`, undefined],
      ["PUT", `/organizations/${ids.org}`, { owner_id: person.id }],
      ["DELETE", `/organizations/${ids.org}`, undefined],
    ];
    for (const [method, path, body] of cases) {
      const answer = await hub.call(method, path, body, admin);
      assert.deepEqual([answer.status, answer.body.error], [403, "forbidden"], `${method} ${path}`);
    }
  });

  it("the last owner stays, anybody else may leave by himself", async () => {
    const members = `/organizations/${ids.org}/members`;
    assert.equal((await owner.call("DELETE", `${members}/${owner.id}`)).status, 409);
    const person = await hub.person();
    await owner.call("POST", members, { identity_id: person.id, role: "viewer" });
    const again = await owner.call("POST", members, { identity_id: person.id, role: "viewer" });
    assert.deepEqual([again.status, again.body.error], [409, "conflict"]);
    assert.equal((await person.call("DELETE", `${members}/${person.id}`)).status, 204);
    assert.equal((await person.call("GET", members)).status, 404);
  });

  it("an owner hands over and is an admin from then on", async () => {
    const first = await hub.person();
    const heir = await hub.person();
    const path = `/organizations/${(await first.call("POST", "/organizations", { name: "H" })).body.id}`;
    const given = await first.call("PUT", path, { owner_id: heir.id });
    assert.deepEqual([given.status, given.body.owner_id], [200, heir.id]);
    assert.equal((await first.call("GET", `${path}/members/${first.id}`)).body.role, "admin");
    assert.equal((await first.call("DELETE", path)).status, 403);
    assert.equal((await heir.call("DELETE", path)).status, 204);
    assert.equal((await heir.call("GET", path)).status, 404);
  });

  it("an owner or admin cannot be limited to sites, and gateways are no members", async () => {
    const members = `/organizations/${ids.org}/members`;
    const { id } = await hub.person();
    const limited = { identity_id: id, role: "admin", site_ids: [ids.site] };
    const wrong = await owner.call("POST", members, limited);
    assert.deepEqual([wrong.status, wrong.body.details[0].path], [422, "/site_ids"]);
    const gateway = { identity_id: ids.gateway, role: "viewer" };
    assert.equal((await owner.call("POST", members, gateway)).status, 422);
  });
});
