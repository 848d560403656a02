/**
 * Logins a second over NATS TCP, each with a JWT whose ES256 signature the hub checks: gateways, then
 * back ends, beside the same nats-server's own logins (an nkey of its configuration, no callout), in
 * turn. Then a reconnect storm: many gateways are connected while the hub, and then nats-server
 * alone, is killed and comes back.
 *
 *   npm run bench:login -- [logins=3000] [rounds=5] [gateways in the storm=2000]
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  claimGateway,
  createOrganization,
  createPerson,
  createVirtualGateway,
  type Session,
  signUp,
  type VirtualGateway,
} from "@novacore/simulator";
import { natsFolder } from "../packages/server/src/nats/hub-keys.ts";
import { type BackEnd, createBackEnd } from "../test/support/back-end.ts";
import { type HubProcess, startHubProcess } from "../test/support/hub-process.ts";
import type { ClientOrder, RateReport, StormReport } from "./login/client.ts";
import { cpuSeconds, describeMachine, forkBench, median } from "./whole/rig.ts";

const [logins = 3_000, rounds = 5, stormGateways = 2_000] = process.argv.slice(2).map(Number);
const backEndCount = 16;
/** Enrolled at once: REST is not what is measured. */
const enrolAtOnce = 16;
const target = 800;

const hub = await startHubProcess();
const clients = forkBench("../login/client.ts");
try {
  console.error(`Enrolling ${stormGateways} gateways and ${backEndCount} back ends …`);
  const session = await signUp(hub.url, createPerson());
  const orgId = await createOrganization(session, "Bench");
  const gateways = await enrol(session, orgId);
  const home = { url: hub.url, token: session.token, orgId };
  const backEnds = await Promise.all(
    Array.from({ length: backEndCount }, () => createBackEnd(home)),
  );
  console.log(`machine      ${describeMachine()}`);
  await benchRates(hub, gateways, backEnds);
  await benchStorms(hub, gateways);
} finally {
  clients.kill();
  await hub.close();
}

async function benchRates(
  hub: HubProcess,
  gateways: readonly VirtualGateway[],
  backEnds: readonly BackEnd[],
): Promise<void> {
  const ways: readonly Way[] = [
    { label: "bare", found: [], as: () => ({ dataDir: hub.dataDir }) },
    {
      label: "gateways",
      found: [],
      as: () => ({ passwords: signed(gateways, (each) => [each.serial, each.loginJwt()]) }),
    },
    {
      label: "back ends",
      found: [],
      as: () => ({ passwords: signed(backEnds, (each) => [each.id, each.loginJwt()]) }),
    },
  ];
  for (let round = 0; round <= rounds; round++) {
    for (const { as, found } of ways) {
      const measured = await measure(as());
      if (round > 0) found.push(measured); // the first warms up
    }
    const rates = ways.map(({ label, found }) => `${label} ${found.at(-1)?.rate.toFixed(0)}/s`);
    if (round > 0) console.error(`round ${round} of ${rounds}: ${rates.join(", ")}`);
  }
  for (const { label, found } of ways) {
    const rate = median(found.map((each) => each.rate));
    const shares = found.map((each, index) => each.rate / (ways[0]?.found[index]?.rate ?? 0));
    const cpuUs = median(found.map((each) => each.hubCpuUs));
    console.log(
      label === "bare"
        ? `bare         ${rate.toFixed(0)} logins/s, median of ${rounds}: nkey, no callout`
        : `${label.padEnd(12)} ${rate.toFixed(0)} logins/s (target ${target}), ` +
            `${median(shares).toFixed(2)} of bare, hub CPU ${cpuUs.toFixed(0)} µs a login`,
    );
  }
}

interface Way {
  readonly label: string;
  readonly found: { readonly rate: number; readonly hubCpuUs: number }[];
  as(): RateOrder["as"];
}

type RateOrder = Extract<ClientOrder, { kind: "rate" }>;

async function measure(as: RateOrder["as"]): Promise<Way["found"][number]> {
  const cpuBefore = cpuSeconds(hub.pid());
  const { seconds } = await ask<RateReport>({ kind: "rate", url: hub.natsUrl, logins, as });
  const hubCpuUs = ((cpuSeconds(hub.pid()) - cpuBefore) / logins) * 1e6;
  return { rate: logins / seconds, hubCpuUs };
}

/** Signed before the clock starts: in the field every gateway does that by itself. */
function signed<T>(
  owners: readonly T[],
  sign: (owner: T) => readonly [string, string],
): (readonly [string, string])[] {
  return Array.from({ length: logins }, (_, index) => owners[index % owners.length])
    .filter((owner) => owner !== undefined)
    .map(sign);
}

async function benchStorms(hub: HubProcess, gateways: readonly VirtualGateway[]): Promise<void> {
  const known = gateways.map(({ serial, privateKey }) => ({
    serial,
    privateKeyPem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  }));
  await ask({ kind: "keep", url: hub.natsUrl, gateways: known });
  console.error(`${gateways.length} gateways are connected; killing the hub …`);
  const afterHub = ask<StormReport>({ kind: "cut" });
  const hubKilledMs = Date.now();
  await hub.kill();
  await hub.start();
  describeStorm("hub killed  ", hubKilledMs, await afterHub);

  console.error("killing nats-server …");
  const afterNats = ask<StormReport>({ kind: "cut" });
  const natsKilledMs = Date.now();
  process.kill(natsPid(hub.dataDir), "SIGKILL");
  describeStorm("nats killed ", natsKilledMs, await afterNats);
}

function describeStorm(label: string, killedMs: number, report: StormReport): void {
  const { firstInMs, allInMs, refusedMs, reasons } = report;
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  const late = refusedMs.filter((ms) => ms >= firstInMs).length;
  console.log(
    `${label} first gateway back after ${seconds(firstInMs - killedMs)}, ` +
      `all ${stormGateways} within ${seconds(allInMs - firstInMs)} from then`,
  );
  console.log(
    `             ${late} logins refused since the first was in (target 0), ` +
      `${refusedMs.length - late} begun before ${reasons.join(" ")}`,
  );
  if (late > 0) process.exitCode = 1;
}

async function enrol(session: Session, orgId: string): Promise<VirtualGateway[]> {
  const gateways = Array.from({ length: stormGateways }, () => createVirtualGateway());
  const waiting = [...gateways];
  await Promise.all(
    Array.from({ length: enrolAtOnce }, async () => {
      for (let gateway = waiting.pop(); gateway !== undefined; gateway = waiting.pop()) {
        await claimGateway(session, { orgId, gateway });
      }
    }),
  );
  return gateways;
}

/** The nats-server of a hub, as the hub has noted it for its next start. */
function natsPid(dataDir: string): number {
  const text = readFileSync(join(natsFolder(dataDir), "nats-server.pid"), "utf8");
  const { pid }: { pid: number } = JSON.parse(text);
  return pid;
}

function ask<T>(order: ClientOrder): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error("the clients' process ended"));
    clients.once("exit", ended);
    clients.once("message", (report: T) => {
      clients.off("exit", ended);
      resolve(report);
    });
    clients.send(order);
  });
}
