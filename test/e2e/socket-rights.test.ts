import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createPerson, createSite, logIn, signUp } from "@novacore/simulator";
import { createApi, createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";
import { openSocket } from "../support/socket.ts";

let hub: TestHub;
let home: Home;

before(async () => {
  hub = await startHub();
  home = await createHome(hub);
});
after(() => hub?.close());

test("a key that is taken away ends the sockets that may have been opened with it", async () => {
  const person = createPerson();
  const { token } = await signUp(hub.url, person);
  const api = createApi(hub.url, token);
  const second = createPerson();
  const { challenge } = await api("POST", "/auth/challenge", { public_key: second.publicKey });
  const proof = { public_key: second.publicKey, challenge, signature: second.sign(challenge) };
  const { public_key: secondKey } = await api("POST", "/identity/keys", proof);
  const stolen = await openSocket(hub.url, { token: (await logIn(hub.url, second)).token });
  await api("DELETE", `/identity/keys/${secondKey}`);
  assert.equal((await stolen.ended).code, 4501);
  const again = await openSocket(hub.url, { token });
  await again.close();
});

test("a released gateway is told so, and that it may come back", async () => {
  const mine = await createHome(hub);
  const socket = await openSocket(hub.url, { token: mine.gateway.loginJwt() });
  await createApi(hub.url, mine.token)("DELETE", `/gateways/${mine.gateway.serial}`);
  const { code, reason } = await socket.ended;
  assert.deepEqual([code, reason], [4014, "gateway_released"]);
  await assert.rejects(openSocket(hub.url, { token: mine.gateway.loginJwt() }), /gateway_released/);
});

test("a site that is taken away leaves the subscription the others, the last one ends it", async () => {
  const other = await createSite(home.session, { orgId: home.orgId, name: "Other" });
  const viewer = await signUp(hub.url, createPerson());
  const owner = createApi(hub.url, home.token);
  const member = `/organizations/${home.orgId}/members`;
  const settings = { role: "viewer", site_ids: [home.siteId, other] };
  await owner("POST", member, { identity_id: viewer.identityId, ...settings });
  const socket = await openSocket(hub.url, { token: viewer.token });
  socket.send({ op: "subscribe", id: "both", sites: [home.siteId, other] });
  await socket.until("it is subscribed", () => socket.ops("subscribed")[0]);

  const limitTo = (site_ids: string[]) =>
    owner("PUT", `${member}/${viewer.identityId}`, { role: "viewer", site_ids });
  await limitTo([home.siteId]);
  await home.publish("solar", { type: "pv", timestamp: Date.now(), W: -100 });
  await socket.until("the remaining site's reading", () => socket.ops("reading")[0]);
  await limitTo([]);
  const error = await socket.until("the subscription ends", () => socket.ops("error")[0]);
  assert.deepEqual([error.id, error.code], ["both", "not_found"]);
  socket.send({ op: "ping" });
  await socket.until("the socket goes on", () => socket.ops("pong")[0]);
  await socket.close();
});

test("devices and DERs that move take their subscriptions along", async () => {
  const other = await createSite(home.session, { orgId: home.orgId, name: "Elsewhere" });
  const owner = createApi(hub.url, home.token);
  const { derId } = home.ders.battery;
  const { device_id: deviceId } = await owner("GET", `/ders/${derId}`);
  const socket = await openSocket(hub.url, { token: home.token });
  socket.send({ op: "subscribe", id: "battery", ders: [derId] });
  await socket.until("it is subscribed", () => socket.ops("subscribed")[0]);
  await owner("PUT", `/devices/${deviceId}`, { site_id: other });
  await home.publish("battery", { type: "battery", timestamp: Date.now(), W: 100 });
  const { reading } = await socket.until("its reading comes", () => socket.ops("reading")[0]);
  assert.deepEqual([reading.der_id, reading.site_id], [derId, other]);
  await socket.close();
});
