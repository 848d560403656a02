import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { createVirtualGateway } from "@novacore/simulator";
import { readStored } from "../faults/stored-readings.ts";
import { createConditions } from "../support/conditions.ts";
import { createApi, createHome, type Home } from "../support/home.ts";
import { type HubProcess, startHubProcess } from "../support/hub-process.ts";
import { listenResuming } from "../support/resuming-listener.ts";
import {
  keyOf,
  openGateway,
  spoolFolder,
  startGatewayProgram,
  type Via,
  ways,
  wayTo,
} from "./open-gateway.ts";

const kills = 6;
const hubKills = 3;
/** Readings between two kills, so that each falls into traffic. */
const readingsBetween = 40;

let hub: HubProcess;
let home: Home;

before(async () => {
  hub = await startHubProcess();
  home = await createHome(hub);
});
after(() => hub?.close());

interface Meter {
  readonly gateway: ReturnType<typeof createVirtualGateway>;
  readonly hardwareId: string;
  readonly der: string;
  readonly derId: string;
}

/** A claimed gateway with one meter, which nothing else publishes for. */
async function createMeter(): Promise<Meter> {
  const gateway = createVirtualGateway();
  const api = createApi(hub.url, home.token);
  await api("POST", "/gateways/claim", {
    ...{ org_id: home.orgId, gateway_serial: gateway.serial, public_key: gateway.publicKeyHex },
    ...gateway.claimMessage(home.session.identityId),
  });
  const { ders } = await api("POST", "/devices/provision", {
    ...{ gateway_serial: gateway.serial, hardware_id: "ep:10.0.0.9:502" },
    ...{
      device_type: "energy_meter",
      site_id: home.siteId,
      ders: [{ name: "grid", type: "meter" }],
    },
  });
  return { gateway, hardwareId: "ep:10.0.0.9:502", der: "grid", derId: ders[0].id };
}

/** Waits until the hub has them all, and returns what the stream really holds, each once. */
async function assertStored(
  { derId }: Meter,
  baseMs: number,
  count: number,
): Promise<{ stored: string[]; expected: string[] }> {
  const expected = Array.from({ length: count }, (_, number) => `${derId}:${baseMs + number}`);
  const ofDer = (ids: readonly string[]) => ids.filter((id) => id.startsWith(`${derId}:`));
  // MQTT's readings are ingested a moment after they were acknowledged.
  const url = `${hub.url}/stream/sites/${home.siteId}?ders=${derId}&since=${baseMs - 60_000}`;
  const listener = listenResuming(url, home.token);
  await listener.until("all have come", () => listener.ids.length >= count);
  await listener.close();
  const stored = ofDer(await readStored(hub));
  assert.deepEqual(stored.toSorted(), expected.toSorted(), "each once, and nothing else");
  return { stored, expected };
}

for (const via of ways) {
  test(`kill -9 of a gateway that publishes over ${via}, again and again, loses and doubles nothing`, async (t) => {
    const meter = await createMeter();
    const folder = await spoolFolder(t);
    const keyPath = join(folder, "key.pem");
    await writeFile(keyPath, keyOf(meter.gateway).toPem(), { mode: 0o600 });
    const baseMs = Date.now();
    const to = (kills + 1) * readingsBetween;
    let from = 0;
    for (let kill = 0; kill <= kills; kill++) {
      const { serial } = meter.gateway;
      const { hardwareId, der } = meter;
      const program = startGatewayProgram({
        ...{ from, to, baseMs, serial, keyPath, hardwareId, der },
        ...{ ...wayTo(hub, via), spoolPath: join(folder, "spool") },
      });
      t.after(() => program.signal("SIGKILL"));
      const spooled = () => Number(program.stdout().trimEnd().split("\n").at(-1) || from);
      if (kill < kills) {
        const goal = (kill + 1) * readingsBetween;
        await program.until("readings are spooled", () => spooled() >= goal);
        program.signal("SIGKILL");
        assert.equal((await program.ended).signal, "SIGKILL");
      } else {
        assert.equal((await program.ended).code, 0, program.stderr());
      }
      from = spooled();
    }
    const { stored, expected } = await assertStored(meter, baseMs, to);
    assert.deepEqual(stored, expected, "in order");
  });
}

test("kill -9 of the hub under load of gateways on all ways loses and doubles nothing", async (t) => {
  const publishers = await Promise.all(ways.map((via) => startPublisher(t, via)));
  const publishAll = () => Promise.all(publishers.map(({ publish }) => publish(readingsBetween)));
  for (let kill = 0; kill < hubKills; kill++) {
    const publishing = publishAll();
    await Promise.all(publishers.map(({ reaches }) => reaches(readingsBetween / 2)));
    await hub.kill();
    await publishing;
    await publishAll(); // what the spool alone takes
    await hub.start();
  }
  for (const { finish, meter, baseMs, via } of publishers) {
    const { stored, expected } = await assertStored(meter, baseMs, await finish());
    // What the broker had acknowledged and the hub had in hand when it died comes to the next one after
    // newer ones (decision 0004).
    if (via !== "mqtt") assert.deepEqual(stored, expected, `in order over ${via}`);
  }
});

interface Publisher {
  readonly via: Via;
  readonly meter: Meter;
  readonly baseMs: number;
  /** Resolves once they are all in the spool. */
  publish(count: number): Promise<void>;
  /** Waits until the hub has answered for so many more. */
  reaches(more: number): Promise<unknown>;
  /** Resolves with how many were published, once the hub has answered for all. */
  finish(): Promise<number>;
}

async function startPublisher(t: TestContext, via: Via): Promise<Publisher> {
  const meter = await createMeter();
  const { gateway: device, hardwareId, der } = meter;
  const identity = { serial: device.serial, key: keyOf(device) };
  const { gateway, events } = await openGateway(t, hub, via, identity);
  const baseMs = Date.now();
  const conditions = createConditions();
  let [published, answered] = [0, 0];
  return {
    ...{ via, meter, baseMs },
    async publish(count) {
      for (const end = published + count; published < end; ) {
        const reading = { type: "meter", timestamp: baseMs + published++, W: 1 } as const;
        const publication = gateway.publish({ hardwareId, der, reading });
        void publication.then(() => {
          answered++;
          conditions.changed();
        });
        assert.equal(await publication.spooled, true);
      }
    },
    reaches(more) {
      const goal = answered + more;
      return conditions.until(`${via} gets ${more} answered`, () => answered >= goal);
    },
    async finish() {
      await gateway.drained();
      assert.ok(events.filter(({ kind }) => kind === "lost").length >= hubKills, via);
      const { failed, dropped, rejected } = gateway.counts;
      assert.deepEqual({ failed, dropped, rejected }, { failed: 0, dropped: 0, rejected: 0 });
      return published;
    },
  };
}
