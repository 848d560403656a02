/**
 * Readings a second that the publisher stores, with and without back ends that replay what is stored
 * already, in turn: five organizations of four back ends each, all of them in another process, each
 * with a consumer of its own that starts at the oldest reading.
 *
 *   npm run bench:replay -- [readings=60000] [rounds=7] [stored=300000]
 */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { createOrganization, createPerson, type Session, signUp } from "@novacore/simulator";
import { createBackEnd, signLogin } from "../test/support/back-end.ts";
import { createApi } from "../test/support/home.ts";
import { type HubProcess, startHubProcess } from "../test/support/hub-process.ts";
import type { Reader, ReplayOrder } from "./replay/back-ends.ts";
import { describeMachine, forkBench, median } from "./whole/rig.ts";

const [readings = 60_000, rounds = 7, stored = 300_000] = process.argv.slice(2).map(Number);
const organizations = 5;
const backEndsEach = 4;
const loginSeconds = 86_400;
/** How long the replays go on alone at the end. */
const quietMs = 5_000;

interface Party {
  readonly session: Session;
  readonly orgId: string;
  readonly readers: readonly Reader[];
}

console.error("Starting a hub …");
const hub = await startHubProcess();
const children: ChildProcess[] = [];
try {
  await bench(hub);
} finally {
  for (const child of children) child.kill();
  await hub.close();
}

async function bench(hub: HubProcess): Promise<void> {
  const parties: Party[] = [];
  for (let i = 0; i < organizations; i++) parties.push(await enrol(hub));
  const orgIds = parties.map(({ orgId }) => orgId);
  const bare = forkBench("bare.ts", [hub.natsUrl, hub.dataDir, ...orgIds]);
  const backEnds = forkBench("../replay/back-ends.ts", [hub.natsUrl]);
  children.push(bare, backEnds);
  console.error(`Storing ${stored} readings …`);
  await publish(bare, stored);
  await order(backEnds, { kind: "connect", readers: parties.flatMap(({ readers }) => readers) });

  const quiet: number[] = [];
  const replaying: number[] = [];
  const replayed: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    quiet.push(readings / (await publish(bare, readings)));
    for (const party of parties) await rewind(hub, party);
    await order(backEnds, { kind: "start" });
    const seconds = await publish(bare, readings);
    const { taken } = await order(backEnds, { kind: "stop" });
    replaying.push(readings / seconds);
    replayed.push(taken / seconds);
    const rates = [quiet, replaying, replayed].map((each) => `${each.at(-1)?.toFixed(0)}/s`);
    console.error(`round ${round} of ${rounds}: alone ${rates[0]}, beside replays ${rates[1]}`);
    console.error(`  replayed ${rates[2]}`);
  }
  for (const party of parties) await rewind(hub, party);
  await order(backEnds, { kind: "start" });
  await delay(quietMs);
  const { taken: takenQuietly } = await order(backEnds, { kind: "stop" });

  const ratio = median(replaying.map((rate, i) => rate / (quiet[i] ?? Number.NaN)));
  const replays = organizations * backEndsEach;
  console.log(`machine   ${describeMachine()}, fsync before every acknowledgement`);
  console.log(`alone     ${median(quiet).toFixed(0)} readings/s stored, median of ${rounds}`);
  console.log(
    `replays   ${median(replaying).toFixed(0)} readings/s stored beside ${replays} replays`,
  );
  console.log(`replayed  ${median(replayed).toFixed(0)} readings/s, by all of them together`);
  console.log(
    `quiet     ${((takenQuietly / quietMs) * 1_000).toFixed(0)} readings/s replayed alone`,
  );
  console.log(`ratio     ${ratio.toFixed(2)}, median of the rounds' (target 0.80)`);
}

async function enrol({ url }: HubProcess): Promise<Party> {
  const session = await signUp(url, createPerson());
  const orgId = await createOrganization(session, "Replays");
  const api = createApi(url, session.token);
  const readers: Reader[] = [];
  for (let i = 0; i < backEndsEach; i++) {
    const { id, key } = await createBackEnd({ url, token: session.token, orgId });
    const body = { name: "replay", org_id: orgId, integration_id: id };
    const { consumer } = await api("POST", "/nats/consumers", body);
    readers.push({ id, consumer, jwt: signLogin(id, key, loginSeconds) });
  }
  return { session, orgId, readers };
}

async function rewind({ url }: HubProcess, { session, readers }: Party): Promise<void> {
  const api = createApi(url, session.token);
  for (const { id } of readers) {
    await api("POST", "/nats/consumers/replay/reset", { integration_id: id, since: 0 });
  }
}

async function publish(bare: ChildProcess, count: number): Promise<number> {
  bare.send({ readings: count });
  const [answer]: { seconds: number }[] = await once(bare, "message");
  return answer?.seconds ?? Number.NaN;
}

async function order(child: ChildProcess, what: ReplayOrder): Promise<{ taken: number }> {
  child.send(what);
  const [answer]: { taken: number }[] = await once(child, "message");
  return answer ?? { taken: Number.NaN };
}
