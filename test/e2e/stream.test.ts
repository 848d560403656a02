import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { connect } from "@nats-io/transport-node";
import { createPerson, createSite, type Session, signUp } from "@novacore/simulator";
import { connectAsync } from "mqtt";
import { type Ask, createAsk, notFound, refusalOf } from "../support/ask.ts";
import { createApi, createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";
import { listen } from "../support/listener.ts";

let hub: TestHub;
let home: Home;
let ask: Ask;

before(async () => {
  hub = await startHub();
  home = await createHome(hub);
  ask = createAsk(hub.url);
});
after(async () => {
  await hub?.close();
});

test("a revoked identity's stream ends at once, and the others' go on", async () => {
  const viewer = await addMember({ role: "viewer" });
  const path = `/stream/sites/${home.siteId}`;
  const revoked = await listen(hub.url + path, viewer);
  const other = await listen(hub.url + path, home);
  await createApi(hub.url, viewer.token)("POST", `/identities/${viewer.identityId}/revoke`);
  await revoked.ended;
  await home.publish("solar", { type: "pv", timestamp: Date.now(), W: -3000 });
  await other.until("the reading", () => other.readings()[0]);
  assert.deepEqual(revoked.readings(), []);
  assert.ok(revoked.comments.some((comment) => comment.includes("identity_revoked")));
  assert.deepEqual(refusalOf(await ask("GET", path, { token: viewer.token })), [
    401,
    "identity_revoked",
  ]);
  await other.close();
});

test("a removed member's streams end, of the site and of the organization", async () => {
  const viewer = await addMember({ role: "viewer" });
  const paths = [`/stream/sites/${home.siteId}`, `/stream/orgs/${home.orgId}`];
  const streams = await Promise.all(paths.map((path) => listen(hub.url + path, viewer)));
  await ownerApi()("DELETE", `/organizations/${home.orgId}/members/${viewer.identityId}`);
  for (const stream of streams) await stream.ended;
  for (const path of paths)
    assert.deepEqual(refusalOf(await ask("GET", path, { token: viewer.token })), notFound);
});

test("releasing a gateway cuts its MQTT and NATS connections and lets none back in", async () => {
  const mine = await createHome(hub);
  const login = { username: mine.gateway.serial, reconnectPeriod: 0 };
  const password = mine.gateway.loginJwt();
  const mqtt = await connectAsync(hub.mqttUrl, { ...login, password });
  const nats = await connectGateway(mine);
  const bystander = await connectGateway(await createHome(hub));
  const mqttClosed = new Promise<void>((resolve) => mqtt.once("close", () => resolve()));
  await createApi(hub.url, mine.token)("DELETE", `/gateways/${mine.gateway.serial}`);
  await Promise.all([mqttClosed, nats.closed()]);
  await assert.rejects(connectAsync(hub.mqttUrl, { ...login, password: mine.gateway.loginJwt() }));
  await assert.rejects(connectGateway(mine), /authorization violation/i);
  await bystander.flush();
  await bystander.close();
});

test("an operator of some sites hears only those on the organization's stream", async () => {
  const otherSite = await createSite(home.session, { orgId: home.orgId, name: "Other" });
  const device = await ownerApi()("POST", "/devices/provision", {
    ...{ gateway_serial: home.gateway.serial, site_id: otherSite, hardware_id: "elsewhere-1" },
    ...{ device_type: "energy_meter", ders: [{ name: "elsewhere", type: "meter" }] },
  });
  const operator = await addMember({ role: "operator", site_ids: [otherSite] });
  const path = `/stream/orgs/${home.orgId}`;
  const limited = await listen(hub.url + path, operator);
  const whole = await listen(hub.url + path, home);
  await home.publish("solar", { type: "pv", timestamp: Date.now(), W: -3000 });
  const reading = { type: "meter", W: 7, hardware_id: "elsewhere-1", der: "elsewhere" };
  const body = [{ ...reading, timestamp: Date.now() }];
  const token = home.gateway.loginJwt();
  await ask("POST", `/gateways/${home.gateway.serial}/telemetry`, { token, body });
  await whole.until("both readings", () => whole.readings().length === 2);
  await limited.until("the other site's reading", () => limited.readings()[0]);
  assert.deepEqual(
    limited.readings().map(({ device_id: id }) => id),
    [device.device_id],
  );
  const answer = await ask("GET", `/stream/sites/${home.siteId}`, { token: operator.token });
  assert.deepEqual(refusalOf(answer), notFound);
  await Promise.all([limited.close(), whole.close()]);
});

test("another organization's site and organization do not exist, alone or among one's own", async () => {
  const stranger = await createHome(hub);
  for (const path of [
    `/stream/sites/${home.siteId}`,
    `/stream/orgs/${home.orgId}`,
    `/stream?site=${stranger.siteId}&site=${home.siteId}`,
    "/stream/sites/sit-nobodys",
  ]) {
    assert.deepEqual(refusalOf(await ask("GET", path, { token: stranger.token })), notFound, path);
  }
  const body = { site_ids: [stranger.siteId, home.siteId] };
  const answer = await ask("POST", "/stream/tickets", { token: stranger.token, body });
  assert.deepEqual(refusalOf(answer), notFound);
});

test("a ticket can do nothing but listen to its sites", async () => {
  const otherSite = await createSite(home.session, { orgId: home.orgId, name: "Without ticket" });
  const { ticket } = await ownerApi()("POST", "/stream/tickets", { site_ids: [home.siteId] });
  const query = `?ticket=${ticket}`;
  const listener = await listen(`${hub.url}/stream/sites/${home.siteId}${query}`);
  await home.publish("solar", { type: "pv", timestamp: Date.now(), W: -3000 });
  await listener.until("a reading", () => listener.readings()[0]);
  await listener.close();

  const asBearer = { token: ticket };
  const nobody = {};
  const refusals = [
    ["GET", `/sites/${home.siteId}`, asBearer, 401, "unauthenticated"],
    ["GET", `/stream/sites/${home.siteId}`, asBearer, 401, "unauthenticated"],
    ["POST", `/gateways/${home.gateway.serial}/telemetry`, asBearer, 401, "unauthenticated"],
    ["GET", `/sites/${home.siteId}${query}`, nobody, 401, "unauthenticated"],
    ["GET", `/organizations${query}`, nobody, 401, "unauthenticated"],
    ["GET", `/gateways/${home.gateway.serial}/rejections${query}`, nobody, 401, "unauthenticated"],
    ["GET", `/stream/sites/${otherSite}${query}`, nobody, 401, "ticket_invalid"],
    ["GET", `/stream?site=${home.siteId}&site=${otherSite}&ticket=${ticket}`, nobody, 401],
  ] as const;
  for (const [method, path, who, status, code = "ticket_invalid"] of refusals) {
    const answer = await ask(method, path, { ...who, ...(method === "POST" ? { body: [] } : {}) });
    assert.deepEqual(refusalOf(answer), [status, code], `${method} ${path}`);
  }
  const again = await ask("POST", `/stream/tickets${query}`, { body: { site_ids: [home.siteId] } });
  assert.deepEqual(refusalOf(again), [403, "forbidden"]);
  const stream = await listen(`${hub.url}/stream/orgs/${home.orgId}${query}&since=0&events=all`);
  await stream.until("it has caught up", () =>
    stream.events.some(({ event }) => event === "caught_up"),
  );
  await stream.close();
  const sites = new Set(stream.readings().map(({ site_id: siteId }) => siteId));
  assert.deepEqual([...sites], [home.siteId]);
});

function ownerApi() {
  return createApi(hub.url, home.token);
}

async function addMember(settings: { role: string; site_ids?: string[] }): Promise<Session> {
  const member = await signUp(hub.url, createPerson());
  const body = { identity_id: member.identityId, ...settings };
  await ownerApi()("POST", `/organizations/${home.orgId}/members`, body);
  return member;
}

function connectGateway({ gateway }: Home) {
  return connect({
    ...{ servers: hub.natsUrl, user: gateway.serial, pass: gateway.loginJwt(), reconnect: false },
  });
}
