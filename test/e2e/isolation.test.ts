import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { connect } from "@nats-io/transport-node";
import { claimGateway, createPerson, createVirtualGateway, signUp } from "@novacore/simulator";
import { type Ask, createAsk } from "../support/ask.ts";
import { createConditions } from "../support/conditions.ts";
import { createApi, createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";

let hub: TestHub;
let home: Home;
let ask: Ask;

before(async () => {
  hub = await startHub({ NOVACORE_CORS_ORIGINS: "https://app.example" });
  home = await createHome(hub);
  ask = createAsk(hub.url);
});
after(async () => {
  await hub?.close();
});

test("no serial, whatever its name, hears what other gateways send", async () => {
  const other = await createHome(hub);
  for (const serial of ["ingest", "store", "HUB_INGEST", "hub_inbox", "replay"]) {
    const gateway = createVirtualGateway({ serial });
    await claimGateway(other.session, { orgId: other.orgId, gateway });
    const connection = await connectGateway(gateway);
    const heard: string[] = [];
    const conditions = createConditions();
    connection.subscribe(`_INBOX_${serial}.>`, {
      callback: (_error, message) => {
        heard.push(message.subject);
        conditions.changed();
      },
    });
    await connection.flush();
    const sender = await connectGateway(home.gateway);
    const { hardwareId, der } = home.ders.battery;
    const root = `gateways.${home.gateway.serial}`;
    const reading = JSON.stringify({ type: "battery", timestamp: Date.now(), W: 1 });
    sender.publish(`${root}.devices.${hardwareId}.ders.${der}.telemetry.json.v1`, reading);
    // Refused here, and so known to have gone all the way: what is sent earlier is read earlier.
    sender.publish(`${root}.devices.last-${serial}.ders.x.telemetry.json.v1`, "{}");
    await rejected(home, (record) => record.hardware_id === `last-${serial}`);
    const own = `_INBOX_${serial}.own`;
    connection.publish(`gateways.${serial}.telemetry.batch`, "[{}]", { reply: own });
    await conditions.until("the answer to its own batch", () => heard.includes(own));
    assert.deepEqual(heard, [own]);
    await Promise.all([connection.close(), sender.close()]);
  }
});

test("who takes over a gateway sees nothing of what it said to its former organization", async () => {
  const next = await createHome(hub);
  const gateway = createVirtualGateway();
  await claimGateway(home.session, { orgId: home.orgId, gateway });
  const connection = await connectGateway(gateway);
  connection.publish(`gateways.${gateway.serial}.state.json.v1`, '{"version":"secret"}');
  await refuse("before");
  const state = `/gateways/${gateway.serial}/state`;
  assert.equal((await ask("GET", state, home)).body.state.value.version, "secret");

  await claimGateway(next.session, { orgId: next.orgId, gateway });
  assert.deepEqual((await ask("GET", state, next)).body, { state: null, inventory: null });
  const path = `/gateways/${gateway.serial}/rejections`;
  assert.deepEqual((await ask("GET", path, next)).body, []);
  await refuse("after");
  const { body } = await ask("GET", path, next);
  assert.deepEqual(
    body.map((record: { hardware_id: string }) => record.hardware_id),
    ["after"],
  );
  assert.equal((await ask("GET", path, home)).status, 404);
  await connection.close();

  async function refuse(hardware_id: string): Promise<void> {
    const upload = createApi(hub.url, gateway.loginJwt());
    const body = [{ hardware_id, der: "x", timestamp: Date.now() }];
    await upload("POST", `/gateways/${gateway.serial}/telemetry`, body);
  }
});

test("a member limited to a site sees refused readings of that site's devices alone", async () => {
  const { orgId, session, siteId } = home;
  const api = createApi(hub.url, session.token);
  const { id: elsewhere } = await api("POST", "/sites", { org_id: orgId, name: "Elsewhere" });
  const { serial } = home.gateway;
  await api("POST", "/devices/provision", {
    ...{ gateway_serial: serial, hardware_id: "far:1", device_type: "meter", site_id: elsewhere },
    ders: [{ name: "grid", type: "meter" }],
  });
  const limited = await signUp(hub.url, createPerson());
  const member = { identity_id: limited.identityId, role: "viewer", site_ids: [elsewhere] };
  await api("POST", `/organizations/${orgId}/members`, member);
  const upload = createApi(hub.url, home.gateway.loginJwt());
  const here = home.ders.meter.hardwareId;
  await upload("POST", `/gateways/${serial}/telemetry`, [
    { hardware_id: here, der: "grid" },
    { hardware_id: "far:1", der: "grid" },
    { hardware_id: "far_1", der: "grid" },
  ]);
  const { body } = await ask("GET", `/gateways/${serial}/rejections`, limited);
  assert.deepEqual(
    new Set(body.map((record: { hardware_id: string }) => record.hardware_id)),
    new Set(["far:1", "far_1"]),
  );
  assert.equal((await ask("GET", `/sites/${siteId}`, limited)).status, 404);
});

test("a page of an allowed origin may change and delete, a page of another may nothing", async () => {
  const preflight = async (origin: string, method: string) => {
    const headers = { origin, "access-control-request-method": method };
    const answer = await ask("OPTIONS", `/sites/${home.siteId}`, { headers });
    const methods = answer.headers.get("access-control-allow-methods")?.split(", ") ?? [];
    return [answer.headers.get("access-control-allow-origin"), methods.includes(method)];
  };
  for (const method of ["PUT", "DELETE"]) {
    assert.deepEqual(await preflight("https://app.example", method), ["https://app.example", true]);
    assert.equal((await preflight("https://evil.example", method))[0], null);
  }
});

function connectGateway({ serial, loginJwt }: Home["gateway"]) {
  return connect({
    ...{ servers: hub.natsUrl, user: serial, pass: loginJwt(), reconnect: false },
    inboxPrefix: `_INBOX_${serial}`,
  });
}

/** Asks until a refused reading stands on record, which nothing announces. */
async function rejected(
  { gateway, token }: Home,
  isIt: (record: { hardware_id: string }) => boolean,
): Promise<void> {
  for (let left = 1_000; left > 0; left--) {
    const { body } = await ask("GET", `/gateways/${gateway.serial}/rejections`, { token });
    if (body.some(isIt)) return;
  }
  assert.fail("the refused reading is not on record");
}
