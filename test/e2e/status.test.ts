import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { connect } from "@nats-io/transport-node";
import { gatewayTelemetrySubject, sanitiseHardwareId } from "@novacore/protocol";
import {
  claimGateway,
  createPerson,
  createSite,
  createVirtualGateway,
  signUp,
} from "@novacore/simulator";
import { type Api, createApi, createHome, type Home, type HomeDer } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";
import { listen } from "../support/listener.ts";
import { openSocket } from "../support/socket.ts";

let hub: TestHub;

before(async () => {
  hub = await startHub();
});
after(() => hub?.close());

/** A home whose gateways are to be looked at; each test has its own. */
async function open(): Promise<{ home: Home; api: Api; started: number }> {
  const started = Date.now();
  const home = await createHome(hub);
  return { home, api: createApi(hub.url, home.token), started };
}

interface DerStatus {
  readonly der_id: string;
  readonly state: string;
  readonly why: string | null;
  readonly since: number | null;
  readonly age_ms: number | null;
  readonly timestamp: number | null;
  readonly timestamp_age_ms: number | null;
}

interface GatewayPresence {
  readonly serial: string;
  readonly last_rejection: Readonly<Record<string, unknown>> | null;
}

function statusOf(answer: { ders: DerStatus[] }, { derId }: HomeDer): DerStatus {
  const status = answer.ders.find((each) => each.der_id === derId);
  assert.ok(status, `the answer has ${derId}`);
  return status;
}

function connectGateway({ gateway }: Home) {
  const { serial } = gateway;
  return connect({
    ...{ servers: hub.natsUrl, user: serial, pass: gateway.loginJwt(), reconnect: false },
    inboxPrefix: `_INBOX_${serial}`,
  });
}

function subjectOf({ gateway, hardwareId, der }: HomeDer): string {
  const address = { serial: gateway.serial, hardwareId: sanitiseHardwareId(hardwareId), der };
  return gatewayTelemetrySubject(address);
}

/** Asks again until it is so; nats-server and the hub learn of things a moment later. */
async function askUntil<T>(ask: () => Promise<T>, isSo: (answer: T) => boolean): Promise<T> {
  const deadlineMs = Date.now() + 10_000;
  for (;;) {
    const answer = await ask();
    if (isSo(answer)) return answer;
    if (Date.now() > deadlineMs) throw new Error(`asked in vain: ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test("a DER that reported is online, one that never did is not, and the values' age is told", async () => {
  const { home, api, started } = await open();
  const timestamp = Date.now() - 2_000;
  await home.publish("solar", { type: "pv", timestamp, W: -1, read_time_ms: 40 });
  const answer = await api("GET", `/sites/${home.siteId}/status`);
  assert.equal(answer.site_id, home.siteId);
  assert.equal(answer.ders.length, 8);
  const solar = statusOf(answer, home.ders.solar);
  assert.deepEqual([solar.state, solar.why, solar.timestamp], ["online", null, timestamp]);
  assert.ok(Number(solar.timestamp_age_ms) >= 2_000 && Number(solar.age_ms) < 2_000);
  const battery = statusOf(answer, home.ders.battery);
  assert.deepEqual([battery.state, battery.why], ["offline", "never_reported"]);
  assert.deepEqual([battery.age_ms, battery.timestamp], [null, null]);
  assert.ok(Number(battery.since) >= started - 1_000);
  const legacy = statusOf(answer, home.ders["negated-battery"]);
  assert.deepEqual([legacy.state, legacy.why], ["offline", "gateway_disconnected"]);

  const { serial } = home.gateway;
  const gateway = answer.gateways.find((each: { serial: string }) => each.serial === serial);
  assert.deepEqual([gateway.connected, gateway.since, gateway.read_time_ms], [false, null, 40]);
  assert.ok(gateway.lateness.last_ms >= 2_000 && gateway.lateness.last_ms < 60_000);
  assert.equal(gateway.clock_drift_ms, 40 - gateway.lateness.last_ms);
  assert.ok(gateway.last_seen >= started);
  assert.equal(answer.gateways.length, 2);
});

test("a connected gateway is there, and once it is disconnected that is the reason", async () => {
  const { home, api, started } = await open();
  const { serial } = home.gateway;
  const read = () => api("GET", `/gateways/${serial}/status`);
  const connection = await connectGateway(home);
  const present = await askUntil(read, ({ connected }) => connected);
  assert.ok(present.since >= started && present.since <= Date.now());
  assert.equal(statusOf(present, home.ders.meter).why, "never_reported");
  // Only what is behind this gateway.
  assert.ok(
    !present.ders.some(({ der_id }: DerStatus) => der_id === home.ders["negated-battery"].derId),
  );

  await connection.close();
  const gone = await askUntil(read, ({ connected }) => !connected);
  assert.ok(gone.since >= present.since);
  assert.equal(statusOf(gone, home.ders.meter).why, "gateway_disconnected");
});

test("a gateway on a WebSocket is connected", async () => {
  const { home, api, started } = await open();
  const socket = await openSocket(hub.url, { token: home.gateway.loginJwt() });
  const read = () => api("GET", `/gateways/${home.gateway.serial}/status`);
  const { since } = await askUntil(read, ({ connected }) => connected);
  assert.ok(since >= started);
  await socket.close();
  await askUntil(read, ({ connected }) => !connected);
});

test("a DER whose readings are refused is told as such, with the code at its gateway", async () => {
  const { home, api } = await open();
  const connection = await connectGateway(home);
  const bad = JSON.stringify({ type: "meter", timestamp: Date.now(), W: "1" });
  connection.publish(subjectOf(home.ders.meter), bad);
  await connection.flush();
  const read = () => api("GET", `/sites/${home.siteId}/status`);
  const { serial } = home.gateway;
  const lastOf = ({ gateways }: { gateways: GatewayPresence[] }) =>
    gateways.find((each) => each.serial === serial)?.last_rejection ?? null;
  // DERs and gateways are read beside one another: the rejection may come between the two.
  const answer = await askUntil(
    read,
    (each) => statusOf(each, home.ders.meter).why === "rejected" && lastOf(each) !== null,
  );
  assert.equal(statusOf(answer, home.ders.solar).why, "never_reported");
  const { error, path, hardware_id } = lastOf(answer) ?? {};
  assert.deepEqual([error, path], ["reading_invalid", "/W"]);
  assert.equal(hardware_id, sanitiseHardwareId(home.ders.meter.hardwareId));
  await connection.close();
});

test("a DER falls silent as its gateway leaves: events and status say since when, and why", async () => {
  const { home, api } = await open();
  const url = `${hub.url}/stream/sites/${home.siteId}?liveness=true&events=all`;
  const listener = await listen(url, { token: home.token });
  const told = () =>
    listener.events.filter(({ event }) => event === "liveness").map(({ data }) => JSON.parse(data));
  const connection = await connectGateway(home);
  // Arrivals more than half a second apart, so that the hub learns how often this one sends.
  for (let sent = 1; sent <= 3; sent++) {
    const reading = { type: "meter", timestamp: Date.now(), W: sent };
    connection.publish(subjectOf(home.ders.meter), JSON.stringify(reading));
    await listener.until("it is delivered", () => listener.readings().length === sent);
    const read = () => api("GET", `/sites/${home.siteId}/status`);
    await askUntil(read, (answer) => Number(statusOf(answer, home.ders.meter).age_ms) > 600);
  }
  await connection.close();
  const received = listener.readings().map(({ received_at }) => received_at);
  // Ten seconds are the least after which a DER can be stale.
  await listener.until("it is told to be silent", () => told().length === 2);
  const [online, silent] = told();
  assert.deepEqual([online.state, online.since, online.why], ["online", received[0], undefined]);
  assert.deepEqual(
    [silent.state, silent.since, silent.why],
    ["stale", received[2], "gateway_disconnected"],
  );
  for (const path of [`/sites/${home.siteId}/status`, `/gateways/${home.gateway.serial}/status`]) {
    const { state, since, why } = statusOf(await api("GET", path), home.ders.meter);
    assert.deepEqual([state, since, why], ["stale", received[2], "gateway_disconnected"]);
  }
  await listener.close();
  // Whoever watches no more: the stream itself tells how often it sent.
  const later = statusOf(await api("GET", `/sites/${home.siteId}/status`), home.ders.meter);
  assert.deepEqual([later.state, later.since], ["stale", received[2]]);
});

test("a backlog from before the newest reading does not make the values older", async () => {
  const { home, api } = await open();
  const timestamp = Date.now();
  await home.publish("solar", { type: "pv", timestamp, W: -1 });
  await home.publish("solar", { type: "pv", timestamp: timestamp - 3_600_000, W: -2 });
  const solar = statusOf(await api("GET", `/sites/${home.siteId}/status`), home.ders.solar);
  assert.deepEqual([solar.state, solar.timestamp], ["online", timestamp]);
});

test("status is for those who may see the site or gateway, as far as they see it", async () => {
  const { home, api } = await open();
  const { serial } = home.gateway;
  const stranger = createApi(hub.url, (await signUp(hub.url, createPerson())).token);
  for (const path of [`/sites/${home.siteId}/status`, `/gateways/${serial}/status`]) {
    await assert.rejects(stranger("GET", path), /404/);
    await assert.rejects(createApi(hub.url)("GET", path), /401/);
    const authorization = `Bearer ${home.token}`;
    const { headers } = await fetch(`${hub.url}${path}`, { headers: { authorization } });
    assert.equal(headers.get("cache-control"), "private, no-cache");
  }
  const own = await createApi(hub.url, home.gateway.loginJwt())(
    "GET",
    `/gateways/${serial}/status`,
  );
  assert.equal(own.serial, serial);

  const otherSite = await createSite(home.session, { orgId: home.orgId, name: "Other" });
  const viewer = await signUp(hub.url, createPerson());
  await api("POST", `/organizations/${home.orgId}/members`, {
    ...{ identity_id: viewer.identityId, role: "viewer", site_ids: [otherSite] },
  });
  await api("POST", "/devices/provision", {
    ...{ gateway_serial: serial, hardware_id: "else:1", device_type: "meter", site_id: otherSite },
    ders: [{ name: "grid", type: "meter" }],
  });
  await assert.rejects(home.publish("solar", { type: "pv", timestamp: Date.now(), W: "x" }), /W/);
  const seen = await createApi(hub.url, viewer.token)("GET", `/gateways/${serial}/status`);
  assert.equal(seen.ders.length, 1);
  assert.equal(seen.last_rejection, null);
  const whole = await api("GET", `/gateways/${serial}/status`);
  assert.equal(whole.last_rejection.error, "reading_invalid");
});

test("who sees one site is told of no refusal from before a device came there", async () => {
  const { home, api } = await open();
  const { serial } = home.gateway;
  const refused = () =>
    assert.rejects(home.publish("solar", { type: "pv", timestamp: Date.now(), W: "x" }), /W/);
  await refused();
  const site = await createSite(home.session, { orgId: home.orgId, name: "Barn" });
  const viewer = await signUp(hub.url, createPerson());
  await api("POST", `/organizations/${home.orgId}/members`, {
    ...{ identity_id: viewer.identityId, role: "viewer", site_ids: [site] },
  });
  const { device_id } = await api("GET", `/ders/${home.ders.solar.derId}`);
  await api("PUT", `/devices/${device_id}`, { site_id: site });
  const viewerApi = createApi(hub.url, viewer.token);
  const read = async () => {
    const status = await viewerApi("GET", `/gateways/${serial}/status`);
    const rejections = await viewerApi("GET", `/gateways/${serial}/rejections`);
    const { why } = statusOf(status, home.ders.solar);
    return [why, status.last_rejection?.error ?? null, rejections.length];
  };
  assert.deepEqual(await read(), ["gateway_disconnected", null, 0]);
  await refused();
  assert.deepEqual(await read(), ["rejected", "reading_invalid", 1]);
});

test("a gateway's new owner is told nothing from before, and its old one of no gateway", async () => {
  const { home, api } = await open();
  const gateway = createVirtualGateway();
  await claimGateway(home.session, { orgId: home.orgId, gateway });
  const device = {
    ...{ gateway_serial: gateway.serial, hardware_id: "m-1", device_type: "meter" },
    ders: [{ name: "grid", type: "meter" }],
  };
  await api("POST", "/devices/provision", { ...device, site_id: home.siteId });
  const upload = createApi(hub.url, gateway.loginJwt());
  const send = (W: unknown) =>
    upload("POST", `/gateways/${gateway.serial}/telemetry`, [
      { type: "meter", timestamp: Date.now(), W, hardware_id: "m-1", der: "grid" },
    ]);
  await send(1);
  await send("1");
  // The seller looks just before: what it is told is not kept for the buyer.
  const before = await api("GET", `/gateways/${gateway.serial}/status`);
  assert.ok(before.last_seen !== null && before.lateness !== null);

  const buyer = await createHome(hub);
  await claimGateway(buyer.session, { orgId: buyer.orgId, gateway });
  const buyerApi = createApi(hub.url, buyer.token);
  await buyerApi("POST", "/devices/provision", { ...device, site_id: buyer.siteId });
  const status = await buyerApi("GET", `/gateways/${gateway.serial}/status`);
  const { last_seen, lateness, clock_drift_ms, last_rejection, since } = status;
  assert.deepEqual(
    [last_seen, lateness, clock_drift_ms, last_rejection, since],
    [null, null, null, null, null],
  );
  assert.equal(status.ders[0].why, "gateway_disconnected");
  const old = await api("GET", `/sites/${home.siteId}/status`);
  const orphan = old.ders.find((each: { gateway_serial: string }) => {
    return each.gateway_serial === gateway.serial;
  });
  assert.deepEqual([orphan.state, orphan.why], ["online", null]);
  assert.ok(!old.gateways.some((each: { serial: string }) => each.serial === gateway.serial));
});
