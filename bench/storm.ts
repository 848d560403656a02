/**
 * Recovery storm: many WebSockets are cut at random every few seconds while readings flow, and come
 * back with their cursors. In the end every client must have exactly what was stored for its
 * subscription, each DER in order, nothing twice. Prints how long replays took.
 *
 *   npm run bench:storm -- [sockets=1000] [seconds=60] [readings a second=2000] [mean life s=4]
 */
import { once } from "node:events";
import { createPerson, signUp } from "@novacore/simulator";
import { readStored } from "../test/faults/stored-readings.ts";
import { createApi } from "../test/support/home.ts";
import {
  cpuSeconds,
  describeMachine,
  forkBench,
  percentile,
  type Rig,
  residentMib,
  startRig,
} from "./whole/rig.ts";
import type { StormClient, StormOrder, StormReport } from "./whole/sockets.ts";

const [sockets = 1_000, seconds = 60, perSecond = 2_000, meanLifeS = 4] = process.argv
  .slice(2)
  .map(Number);
const gateways = 50;
const dersPerGateway = 10;
/** Sockets of one identity: below the limit, with room for those that the hub still thinks open. */
const socketsPerIdentity = 400;

let derSites: ReadonlyMap<string, string> = new Map();
const rig = await startRig(gateways, dersPerGateway);
const child = forkBench("sockets.ts");
try {
  await storm(rig);
} finally {
  child.kill();
  await rig.close();
}

async function storm({ hub, fleet, publish }: Rig): Promise<void> {
  const clients = await createClients(rig);
  const since = Date.now();
  const url = `${hub.url.replace("http", "ws")}/ws`;
  await tell({ kind: "open", url, since, meanLifeMs: meanLifeS * 1_000, clients });
  console.error(`${sockets} sockets, ${perSecond} readings/s for ${seconds} s …`);
  const cpu = cpuSeconds(hub.pid());
  await publish(perSecond * seconds, perSecond);
  const hubCpu = (cpuSeconds(hub.pid()) - cpu) / seconds;
  await tell({ kind: "calm" });
  const stored = await storedByDer(rig);
  const expected = clients.map((client) => expectedOf(client, stored));
  const report: StormReport = await tell({ kind: "report", expected });

  const { readings, cuts, replaysMs, faults } = report;
  console.log(`machine      ${describeMachine()}`);
  console.log(`published    ${perSecond * seconds} readings on ${fleet.siteIds.length} sites`);
  console.log(`delivered    ${readings} readings to ${sockets} sockets, cut ${cuts} times`);
  console.log(
    `replay       p50 ${percentile(replaysMs, 0.5).toFixed(0)} ms, ` +
      `p99 ${percentile(replaysMs, 0.99).toFixed(0)} ms (target 2000), ` +
      `longest ${Math.max(...replaysMs).toFixed(0)} ms, of ${replaysMs.length}`,
  );
  console.log(
    `hub          ${(hubCpu * 100).toFixed(0)} % of a core, ${residentMib(hub.pid()).toFixed(0)} MiB`,
  );
  console.log(`faults       ${faults.length}`);
  for (const fault of faults.slice(0, 20)) console.log(`  ${fault}`);
  if (faults.length > 0) process.exitCode = 1;
}

/** All sorts of subscriptions, spread over members of the organization and its sites. */
async function createClients({ hub, fleet }: Rig): Promise<readonly StormClient[]> {
  const owner = createApi(hub.url, fleet.token);
  const tokens = await Promise.all(
    Array.from({ length: Math.ceil(sockets / socketsPerIdentity) }, async () => {
      const member = await signUp(hub.url, createPerson());
      const body = { identity_id: member.identityId, role: "viewer" };
      await owner("POST", `/organizations/${fleet.orgId}/members`, body);
      return member.token;
    }),
  );
  const ders = new Map<string, string[]>();
  for (const siteId of fleet.siteIds) {
    const devices: { ders: { id: string }[] }[] = await owner("GET", `/sites/${siteId}/devices`);
    ders.set(
      siteId,
      devices.flatMap((device) => device.ders.map(({ id }) => id)),
    );
  }
  derSites = new Map([...ders].flatMap(([siteId, ids]) => ids.map((id) => [id, siteId])));
  return Array.from({ length: sockets }, (_, index): StormClient => {
    const token = tokens[index % tokens.length] ?? "";
    const site = fleet.siteIds[index % fleet.siteIds.length] ?? "";
    const next = fleet.siteIds[(index + 1) % fleet.siteIds.length] ?? "";
    switch (index % 5) {
      case 0:
        return { token, subscription: { sites: [site], batch_ms: 100 } };
      case 1:
        return { token, subscription: { sites: [site] }, credit: 200 };
      case 2:
        return { token, subscription: { ders: (ders.get(site) ?? []).slice(0, 4) } };
      case 3:
        return { token, subscription: { sites: [site, next] } };
      default:
        return { token, subscription: { sites: [site] } };
    }
  });
}

async function storedByDer({ hub }: Rig): Promise<ReadonlyMap<string, number[]>> {
  const stored = new Map<string, number[]>();
  for (const id of await readStored(hub)) {
    const [derId = "", stamp] = id.split(":");
    const stamps = stored.get(derId);
    if (stamps === undefined) stored.set(derId, [Number(stamp)]);
    else stamps.push(Number(stamp));
  }
  return stored;
}

function expectedOf(
  { subscription }: StormClient,
  stored: ReadonlyMap<string, number[]>,
): [string, number[]][] {
  const { sites, ders } = subscription;
  return [...stored].filter(
    ([derId]) => ders?.includes(derId) ?? sites?.includes(derSites.get(derId) ?? "") ?? false,
  );
}

async function tell<T = unknown>(order: StormOrder): Promise<T> {
  child.send(order);
  const [answer]: T[] = await once(child, "message");
  if (answer === undefined) throw new Error("the sockets' process ended");
  return answer;
}
