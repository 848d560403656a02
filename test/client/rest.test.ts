import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { Novacore, NovacoreError, type NovacoreOptions } from "@novacore/client";
import { natsTransport } from "@novacore/client/nats";
import { createSite } from "@novacore/simulator";
import { createApi, createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";
import { tokenFor } from "./tokens.ts";

let hub: TestHub;
let home: Home;
let nova: Novacore;

before(async () => {
  hub = await startHub();
  home = await createHome(hub);
  nova = new Novacore({ baseUrl: hub.url, token: home.token });
});
after(() => hub?.close());

test("lists are read to their end, page by page", async () => {
  for (const name of ["Second", "Third", "Fourth"]) {
    await createSite(home.session, { orgId: home.orgId, name });
  }
  const org = nova.org(home.orgId);
  const names: string[] = [];
  for await (const { name } of org.sites({ pageSize: 2 })) names.push(name);
  assert.deepEqual(names.toSorted(), ["Fourth", "Second", "Test home", "Third"]);
  const counts = [0, 0, 0];
  for await (const { id } of nova.organizations({ pageSize: 1 })) {
    assert.equal(id, home.orgId);
    counts[0] = (counts[0] ?? 0) + 1;
  }
  for await (const { org_id } of org.gateways({ pageSize: 1 })) {
    assert.equal(org_id, home.orgId);
    counts[1] = (counts[1] ?? 0) + 1;
  }
  for await (const { ders, site_id } of nova.site(home.siteId).devices({ pageSize: 3 })) {
    assert.equal(site_id, home.siteId);
    counts[2] = (counts[2] ?? 0) + ders.length;
  }
  assert.deepEqual(counts, [1, 2, 8]);
});

test("requests are answered typed, and an answer without a body is null", async () => {
  const body = { org_id: home.orgId, name: "Soon gone" };
  const site = await nova.request<{ id: string }>("POST", "/sites", { body });
  assert.equal(await nova.request("DELETE", `/sites/${site.id}`), null);
});

test("a refusal has the hub's code, its status and what was wrong with which member", async () => {
  await assert.rejects(nova.request("GET", "/sites/sit-none"), { code: "not_found", status: 404 });
  const wrong = nova.request("POST", "/sites", { body: { org_id: home.orgId, name: 7 } });
  await assert.rejects(wrong, (error) => {
    assert.ok(error instanceof NovacoreError);
    assert.deepEqual([error.code, error.status], ["validation_failed", 422]);
    assert.equal(error.details[0]?.path, "/name");
    return true;
  });
});

test("a hub that cannot take traffic answers why, which is no refusal", async () => {
  const checks = [{ name: "nats", ok: false, reason: "it is restarting" }];
  const answer = { status: "not_ready", checks };
  const server = createServer((_request, response) => {
    response.writeHead(503, { "content-type": "application/json" }).end(JSON.stringify(answer));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = Object(server.address());
  const unready = new Novacore({ baseUrl: `http://127.0.0.1:${port}` });
  assert.deepEqual(await unready.hub.readiness(), answer);
  await assert.rejects(unready.hub.health(), { code: "unreachable", status: 503 });
  server.close();
});

test("an expired token is renewed once for a request, and its refusal told otherwise", async () => {
  const expired = await tokenFor(hub, home, -120_000);
  const tokens = [expired, home.token];
  const renewing = new Novacore({ baseUrl: hub.url, token: () => tokens.shift() ?? "none left" });
  const found = await renewing.request<{ id: string }>("GET", `/sites/${home.siteId}`);
  assert.equal(found.id, home.siteId);
  const fixed = new Novacore({ baseUrl: hub.url, token: expired });
  await assert.rejects(fixed.request("GET", "/sites"), { code: "token_expired" });
});

test("a signal ends a request with its own reason, and a hub that is not there has a code", async () => {
  const reason = new Error("not wanted any more");
  const signal = AbortSignal.abort(reason);
  await assert.rejects(nova.request("GET", "/sites", { signal }), reason);
  const nowhere = new Novacore({ baseUrl: "http://127.0.0.1:1", token: "t" });
  await assert.rejects(nowhere.request("GET", "/sites"), { code: "unreachable" });
});

test("a list is not followed to another host", async () => {
  const api = createApi(hub.url, home.token);
  assert.ok((await api("GET", "/sites")).length > 1, "there is a next page");
  const asked: string[] = [];
  const { fetch } = globalThis;
  globalThis.fetch = async (input, init) => {
    asked.push(String(input));
    const response = await fetch(input, init);
    const headers = new Headers(response.headers);
    const link = headers.get("link");
    if (link !== null) headers.set("link", link.replace("</", "<http://elsewhere.example/"));
    return new Response(response.body, { status: response.status, headers });
  };
  try {
    for await (const site of nova.org(home.orgId).sites({ pageSize: 1 })) assert.ok(site.id);
  } finally {
    globalThis.fetch = fetch;
  }
  assert.ok(asked.length > 1);
  for (const url of asked) assert.ok(url.startsWith(hub.url), url);
});

test("an address, a transport that is none, and two credentials are refused at once", () => {
  for (const options of [
    { baseUrl: "hub.example", token: "t" },
    { baseUrl: hub.url, token: "t", ticket: "t" },
    { baseUrl: hub.url, transport: "ws" },
    { baseUrl: hub.url, transport: natsTransport }, // it has to be called
    { baseUrl: hub.url, transport: {} },
  ]) {
    // As a program without types gives them.
    const given = options as NovacoreOptions;
    assert.throws(() => new Novacore(given), { code: "options_invalid" });
  }
});
