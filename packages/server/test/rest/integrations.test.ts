import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { limits } from "../../src/limits.ts";
import { machineKey } from "./keys-for-tests.ts";
import { type Person, type RestHub, startRestHub } from "./rest-hub.ts";

describe("integrations", () => {
  let hub: RestHub;
  let owner: Person;
  let orgId: string;
  let siteId: string;
  const path = (rest = "") => `/organizations/${orgId}/integrations${rest}`;
  let names = 0;
  const create = (body: object = {}) => {
    const wish = { name: `Reports ${names++}`, scopes: ["telemetry:read"] };
    return owner.call("POST", path(), { ...wish, ...body });
  };

  before(async () => {
    hub = await startRestHub();
    owner = await hub.person();
    orgId = (await owner.call("POST", "/organizations", { name: "Home" })).body.id;
    siteId = (await owner.call("POST", "/sites", { org_id: orgId, name: "House" })).body.id;
  });
  after(() => hub[Symbol.asyncDispose]());

  it("are made with a key pair of the hub, whose private part is told once", async () => {
    const { status, headers, body } = await create({
      ...{ name: "Reports", generate: true, site_ids: [siteId] },
    });
    assert.equal(status, 201);
    assert.equal(headers.get("cache-control"), "no-store");
    const { private_key: told, ...integration } = body;
    assert.deepEqual(integration, {
      ...{ id: body.id, org_id: orgId, name: "Reports", scopes: ["telemetry:read"] },
      ...{ site_ids: [siteId], public_key: body.public_key, created_by: owner.id },
      ...{ created_at: body.created_at, last_seen_at: null },
    });
    const key = createPrivateKey(told.pem);
    const { x = "", y = "" } = createPublicKey(key).export({ format: "jwk" });
    const point = [x, y].map((part) => Buffer.from(part, "base64url").toString("hex")).join("");
    assert.equal(body.public_key, point);
    assert.deepEqual(createPrivateKey({ key: told.jwk, format: "jwk" }).export({ format: "jwk" }), {
      ...key.export({ format: "jwk" }),
    });
    assert.deepEqual((await owner.call("GET", path(`/${body.id}`))).body, integration);
  });

  it("work for the organization that approved them, and for no other", async () => {
    const { body } = await create({ generate: true });
    const stranger = await hub.person();
    const { body: theirs } = await stranger.call("POST", "/organizations", { name: "Theirs" });
    const member = { identity_id: body.id, role: "viewer" };
    const answer = await stranger.call("POST", `/organizations/${theirs.id}/members`, member);
    assert.deepEqual([answer.status, answer.body.error], [422, "validation_failed"]);
  });

  it("are made with a key that they bring, and log in by it to REST as viewers", async () => {
    const key = machineKey();
    const { body } = await create({ public_key: key.publicText });
    assert.equal(body.private_key, undefined);
    const jwt = key.jwt({ device: body.id }, { exp: Math.floor(Date.now() / 1000) + 60 });
    const call = (method: string, at: string, sent?: object) => hub.call(method, at, sent, jwt);
    assert.equal((await call("GET", "/identity")).body.type, "integration");
    assert.equal((await call("GET", `/sites/${siteId}`)).status, 200);
    assert.equal((await call("POST", "/sites", { org_id: orgId, name: "x" })).status, 403);
    assert.equal((await call("GET", path())).status, 403);
    assert.equal((await hub.login(key)).status, 200, "a token by challenge works as well");
  });

  it("are listed page by page", async () => {
    for (let i = 0; i < 3; i++) await create({ generate: true });
    const seen: string[] = [];
    let next = path("?limit=2");
    for (;;) {
      const { body, headers } = await owner.call("GET", next);
      seen.push(...body.map(({ id }: { id: string }) => id));
      const link = /<(.*)>/.exec(headers.get("link") ?? "")?.[1];
      if (link === undefined) break;
      next = link;
    }
    assert.deepEqual(seen, [...new Set(seen)].sort());
    const { body } = await owner.call("GET", path());
    assert.equal(body.length, seen.length);
    assert.ok(body.every((integration: object) => !("private_key" in integration)));
  });

  it("have a name of their own in the organization, free again once they are revoked", async () => {
    const first = await create({ name: "Billing", generate: true });
    const second = await create({ name: "Billing", generate: true });
    assert.deepEqual([second.status, second.body.error], [409, "conflict"]);
    assert.match(second.body.message, new RegExp(`"Billing" already, ${first.body.id}; choose`));
    const other = await create({ generate: true });
    const renamed = await owner.call("PATCH", path(`/${other.body.id}`), { name: "Billing" });
    assert.equal(renamed.status, 409);
    await owner.call("DELETE", path(`/${first.body.id}`));
    assert.equal((await create({ name: "Billing", generate: true })).status, 201);
    const stranger = await hub.person();
    const { body: org } = await stranger.call("POST", "/organizations", { name: "Other" });
    const wish = { name: "Billing", scopes: ["telemetry:read"], generate: true };
    const theirs = await stranger.call("POST", `/organizations/${org.id}/integrations`, wish);
    assert.equal(theirs.status, 201);
  });

  it("are renamed, and given other sites", async () => {
    const { body } = await create({ name: "Old", generate: true, site_ids: [siteId] });
    const { private_key: _told, ...integration } = body;
    const change = (sent: object) => owner.call("PATCH", path(`/${body.id}`), sent);
    const renamed = await change({ name: "New" });
    assert.deepEqual([renamed.status, renamed.body], [200, { ...integration, name: "New" }]);
    assert.equal((await change({ name: "New" })).status, 200, "its own name is no other's");
    const widened = await change({ site_ids: null });
    assert.deepEqual(widened.body, { ...integration, name: "New", site_ids: null });
    const both = await change({ name: "Newer", site_ids: [siteId] });
    assert.deepEqual(both.body, { ...integration, name: "Newer" });
    assert.deepEqual((await owner.call("GET", path(`/${body.id}`))).body, both.body);
  });

  it("are changed by owners and admins alone, in what can be changed", async () => {
    const key = machineKey();
    const { body } = await create({ public_key: key.publicText, site_ids: [siteId] });
    const itself = key.jwt({ device: body.id }, { exp: Math.floor(Date.now() / 1000) + 60 });
    const rename = { name: "Mine" };
    assert.equal((await hub.call("PATCH", path(`/${body.id}`), rename, itself)).status, 403);
    for (const sent of [
      {},
      { scopes: ["telemetry:read"] },
      { site_ids: [] },
      { site_ids: ["sit-unknown"] },
      { name: "" },
    ]) {
      const answer = await owner.call("PATCH", path(`/${body.id}`), sent);
      assert.deepEqual([answer.status, answer.body.error], [422, "validation_failed"]);
    }
    assert.deepEqual((await owner.call("GET", path(`/${body.id}`))).body.site_ids, [siteId]);
    await owner.call("DELETE", path(`/${body.id}`));
    assert.equal((await owner.call("PATCH", path(`/${body.id}`), rename)).status, 404);
  });

  it("stay viewers, of as many sites as a login can name", async () => {
    const { body } = await create({ generate: true });
    const member = `/organizations/${orgId}/members/${body.id}`;
    for (const role of ["owner", "admin", "operator"]) {
      const { status, body: refusal } = await owner.call("PUT", member, { role });
      assert.deepEqual([status, refusal.error], [422, "validation_failed"], role);
      assert.equal(refusal.details[0].path, "/role");
      const sentence = `${body.id} is an integration: it can be a viewer and nothing else, not ${role}.`;
      assert.equal(refusal.message, sentence);
    }
    const none = await owner.call("PUT", member, { role: "viewer", site_ids: [] });
    assert.deepEqual([none.status, none.body.details[0].path], [422, "/site_ids"]);
    assert.deepEqual((await owner.call("GET", member)).body.role, "viewer");
    const limited = await owner.call("PUT", member, { role: "viewer", site_ids: [siteId] });
    assert.deepEqual([limited.status, limited.body.site_ids], [200, [siteId]]);
  });

  it("get another key, by which the old one and its tokens end", async () => {
    const key = machineKey();
    const { body } = await create({ public_key: key.publicText });
    const { token } = (await hub.login(key)).body;
    const rotated = await owner.call("POST", path(`/${body.id}/keys`), { generate: true });
    assert.equal(rotated.status, 201);
    assert.equal(rotated.headers.get("cache-control"), "no-store");
    assert.ok(rotated.body.private_key.pem);
    assert.notEqual(rotated.body.public_key, body.public_key);
    assert.equal((await hub.call("GET", "/identity", undefined, token)).status, 401);
    const jwt = key.jwt({ device: body.id }, { exp: Math.floor(Date.now() / 1000) + 60 });
    assert.equal((await hub.call("GET", "/identity", undefined, jwt)).status, 401);
    assert.notEqual((await hub.login(key)).body.identity_id, body.id);
  });

  it("end for good when they are deleted", async () => {
    const key = machineKey();
    const { body } = await create({ public_key: key.publicText });
    const { token } = (await hub.login(key)).body;
    assert.equal((await owner.call("DELETE", path(`/${body.id}`))).status, 204);
    assert.equal((await hub.call("GET", "/identity", undefined, token)).status, 401);
    assert.equal((await owner.call("GET", path(`/${body.id}`))).status, 404);
    assert.equal((await owner.call("DELETE", path(`/${body.id}`))).status, 404);
    const keys = await owner.call("POST", path(`/${body.id}/keys`), { generate: true });
    assert.equal(keys.status, 404);
    const members = await owner.call("GET", `/organizations/${orgId}/members`);
    assert.ok(
      members.body.every((member: { identity_id: string }) => member.identity_id !== body.id),
    );
  });

  it("are refused with what is wrong", async () => {
    const sites = Array.from({ length: limits.integrationSitesMax + 1 }, (_, i) => `sit-${i}`);
    const { publicText } = machineKey();
    for (const [code, body] of [
      ["validation_failed", {}],
      ["validation_failed", { generate: true, public_key: publicText }],
      ["validation_failed", { generate: false }],
      ["validation_failed", { generate: true, scopes: [] }],
      ["validation_failed", { generate: true, scopes: ["telemetry:write"] }],
      ["validation_failed", { generate: true, site_ids: [] }],
      ["validation_failed", { generate: true, site_ids: sites }],
      ["validation_failed", { generate: true, site_ids: ["sit-unknown"] }],
      ["validation_failed", { generate: true, sites: [siteId] }],
      ["key_invalid", { public_key: "what" }],
    ] as const) {
      const answer = await create(body);
      assert.deepEqual([answer.status, answer.body.error], [422, code], JSON.stringify(body));
    }
    await create({ public_key: publicText });
    assert.equal((await create({ public_key: publicText })).status, 409);
  });

  it("of another organization are not found under one's own", async () => {
    const { body } = await create({ generate: true });
    const stranger = await hub.person();
    const { body: org } = await stranger.call("POST", "/organizations", { name: "Other" });
    for (const [method, rest] of [
      ["GET", ""],
      ["DELETE", ""],
      ["PATCH", ""],
      ["POST", "/keys"],
    ] as const) {
      const bodies: Record<string, object> = { POST: { generate: true }, PATCH: { name: "x" } };
      const sent = bodies[method];
      const own = `/organizations/${org.id}/integrations/${body.id}${rest}`;
      assert.equal((await stranger.call(method, own, sent)).status, 404);
      assert.equal((await stranger.call(method, path(`/${body.id}${rest}`), sent)).status, 404);
    }
  });
});
