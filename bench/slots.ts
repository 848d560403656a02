/**
 * What back ends cost who publishes: readings of 64 organizations, in turn, go into
 * ENRICHED_TELEMETRY as fast as they are acknowledged, while one organization has a live subscriber
 * in its NATS account, and, in turn, while all 64 have. The publisher, the subscribers and
 * nats-server each have a process; the hub, which has nothing to do, is another.
 *
 *   npm run bench:slots -- [readings=64000] [rounds=7]
 */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createOrganization, createPerson, signUp } from "@novacore/simulator";
import { limits } from "../packages/server/src/limits.ts";
import { createBackEnd } from "../test/support/back-end.ts";
import { startHubProcess } from "../test/support/hub-process.ts";
import type { ListenersOrder, ListeningBackEnd } from "./slots/listeners.ts";
import { describeMachine, forkBench, median } from "./whole/rig.ts";

const [readings = 64_000, rounds = 7] = process.argv.slice(2).map(Number);
const slots = limits.externalAccounts;

const hub = await startHubProcess();
const listeners = forkBench("../slots/listeners.ts");
let publisher: ChildProcess | undefined;
try {
  console.error(`Making ${slots} organizations with a back end each …`);
  const backEnds = await createBackEnds();
  const orgIds = backEnds.map(({ orgId }) => orgId);
  publisher = forkBench("bare.ts", [hub.natsUrl, hub.dataDir, ...orgIds]);
  await bench(backEnds, publisher);
} finally {
  publisher?.kill();
  listeners.kill();
  await hub.close();
}

async function bench(
  backEnds: readonly ListeningBackEnd[],
  publisher: ChildProcess,
): Promise<void> {
  const one: number[] = [];
  const all: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const alone = await rateWith(backEnds.slice(0, 1), publisher);
    const together = await rateWith(backEnds, publisher);
    if (round === 0) continue; // warms up
    one.push(alone);
    all.push(together);
    const found = `one ${alone.toFixed(0)}/s, ${slots} ${together.toFixed(0)}/s`;
    console.error(`round ${round} of ${rounds}: ${found}`);
  }
  const share = median(all.map((rate, index) => rate / (one[index] ?? Number.NaN)));
  console.log(`machine      ${describeMachine()}, fsync before every acknowledgement`);
  console.log(`one slot     ${median(one).toFixed(0)} readings/s, median of ${rounds}`);
  console.log(`${slots} slots     ${median(all).toFixed(0)} readings/s, median of ${rounds}`);
  console.log(`ratio        ${share.toFixed(2)}, median of the rounds' (target 0.75)`);
}

/** Readings a second while the given back ends listen; each hears those of its organization. */
async function rateWith(
  backEnds: readonly ListeningBackEnd[],
  publisher: ChildProcess,
): Promise<number> {
  await tell({ kind: "listen", natsUrl: hub.natsUrl, backEnds });
  const heard = tell({ kind: "hear", messages: (readings / slots) * backEnds.length });
  publisher.send({ readings });
  const [answer]: { seconds: number }[] = await once(publisher, "message");
  await heard;
  return readings / (answer?.seconds ?? Number.NaN);
}

async function createBackEnds(): Promise<ListeningBackEnd[]> {
  const session = await signUp(hub.url, createPerson());
  const found: ListeningBackEnd[] = [];
  for (let index = 0; index < slots; index++) {
    const orgId = await createOrganization(session, `Bench ${index}`);
    const { id, key } = await createBackEnd({ url: hub.url, token: session.token, orgId });
    const privateKeyPem = key.export({ type: "pkcs8", format: "pem" }).toString();
    found.push({ id, orgId, privateKeyPem });
  }
  return found;
}

function tell(order: ListenersOrder): Promise<void> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error("the listeners' process ended"));
    listeners.once("exit", ended);
    listeners.once("message", () => {
      listeners.off("exit", ended);
      resolve();
    });
    listeners.send(order);
  });
}
