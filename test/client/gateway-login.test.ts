import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { claimGateway, createVirtualGateway } from "@novacore/simulator";
import { createApi, createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";
import { listen } from "../support/listener.ts";
import {
  keyOf,
  openGateway,
  quick,
  spoolFolder,
  startGatewayProgram,
  ways,
  wayTo,
} from "./open-gateway.ts";

const shiftedClock = fileURLToPath(new URL("shifted-clock.ts", import.meta.url));

let hub: TestHub;
let home: Home;

before(async () => {
  hub = await startHub();
  home = await createHome(hub);
});
after(() => hub?.close());

let lastMs = Date.now();
/** An instant that no other reading has. */
function instant(): number {
  lastMs++;
  return lastMs;
}

for (const via of ways) {
  test(`a gateway on ${via} that nobody has claimed keeps trying, and loses nothing meanwhile`, async (t) => {
    const device = createVirtualGateway();
    const { serial } = device;
    const identity = { serial, key: keyOf(device) };
    const { gateway, events, until } = await openGateway(t, hub, via, identity);
    const publish = () =>
      gateway.publish({
        ...{ hardwareId: "meter:1", der: "grid" },
        reading: { type: "meter", timestamp: instant(), W: 5 },
      });
    const publication = publish();
    assert.equal(await publication.spooled, true);
    const losses = () => events.filter(({ kind }) => kind === "lost");
    await until("two refusals", () => losses().length >= 2);
    const [loss] = losses();
    assert.ok(loss?.kind === "lost");
    assert.match(loss.error.code, /^(unauthenticated|key_unknown)$/);
    assert.equal(gateway.counts.spooled, 1);

    const { session, orgId, siteId } = home;
    await session.rest.post("/gateways/claim", {
      ...{ org_id: orgId, gateway_serial: serial, public_key: gateway.publicKey },
      ...gateway.claimMessage(session.identityId),
    });
    await session.rest.post("/devices/provision", {
      ...{ gateway_serial: serial, hardware_id: "meter:1", device_type: "energy_meter" },
      ...{ site_id: siteId, ders: [{ name: "grid", type: "meter" }] },
    });
    // Until its device is provisioned as well, the hub rejects what it sends.
    assert.match((await publication).status, /^(stored|acknowledged|rejected)$/);
    assert.match((await publish()).status, /^(stored|acknowledged)$/);
    assert.equal(events.at(-1)?.kind === "lost", false);
    assert.equal(gateway.counts.spooled, 0);
  });
}

for (const via of ways) {
  test(`a gateway on ${via} whose clock is three hours behind is let in, and told so`, async (t) => {
    const folder = await spoolFolder(t);
    const keyPath = join(folder, "key.pem");
    await writeFile(keyPath, keyOf(home.gateway).toPem(), { mode: 0o600 });
    const baseMs = lastMs + 1;
    lastMs += 3;
    const { hardwareId, der } = home.ders.meter;
    const options = {
      ...{ from: 0, to: 3, baseMs, serial: home.gateway.serial, keyPath, hardwareId, der },
      ...{ ...wayTo(hub, via), spoolPath: join(folder, "spool"), timing: quick },
    };
    const listener = await listen(`${hub.url}/stream/sites/${home.siteId}`, home);
    const env = { NOVACORE_TEST_AHEAD_MS: `${-3 * 3_600_000}` };
    const program = startGatewayProgram(options, { env, preloaded: shiftedClock });
    t.after(() => program.signal("SIGKILL"));
    assert.equal((await program.ended).code, 0, program.stderr());
    const [, aheadMs] = /"kind":"clock","aheadMs":(-\d+)/.exec(program.stderr()) ?? [];
    assert.equal(Math.round(Number(aheadMs) / 60_000), -180);
    await listener.until("all of them", () => listener.readings().length >= 3);
    await listener.close();
    const times = listener.readings().map(({ timestamp }) => timestamp);
    assert.deepEqual(times, [baseMs, baseMs + 1, baseMs + 2]);
  });
}

test("a gateway that was released is refused, and goes on when it is claimed again", async (t) => {
  const device = createVirtualGateway();
  const { session, orgId, siteId, token } = home;
  await claimGateway(session, { orgId, gateway: device });
  const provision = () =>
    session.rest.post("/devices/provision", {
      ...{ gateway_serial: device.serial, hardware_id: "m:1", device_type: "energy_meter" },
      ...{ site_id: siteId, ders: [{ name: "grid", type: "meter" }] },
    });
  await provision();
  const identity = { serial: device.serial, key: keyOf(device) };
  const { gateway, events, until } = await openGateway(t, hub, "nats", identity);
  const publish = () =>
    gateway.publish({
      ...{ hardwareId: "m:1", der: "grid" },
      reading: { type: "meter", timestamp: instant(), W: 5 },
    });
  assert.equal((await publish()).status, "stored");
  await createApi(hub.url, token)("DELETE", `/gateways/${device.serial}`);
  await until("it is cut off", () => events.some(({ kind }) => kind === "lost"));
  const kept = publish();
  assert.equal(await kept.spooled, true);
  await claimGateway(session, { orgId, gateway: device });
  await provision();
  assert.match((await kept).status, /^(stored|rejected)$/);
});
