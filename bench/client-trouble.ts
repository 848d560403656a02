/**
 * A day of trouble in a quarter of an hour: clients of all sorts, over each transport, hear a hub through
 * networks that fail, on machines that sleep, while the hub and nats-server are killed. In the end every
 * client must have exactly what was stored for it, each DER in order, nothing twice.
 *
 *   npm run soak:client -- [clients=200] [minutes=14]
 */
import { uniform } from "@novacore/simulator";
import { type Day, startDay } from "../test/faults/trouble/day.ts";
import { createTroubles, type Trouble } from "../test/faults/trouble/troubles.ts";
import { describeMachine } from "./whole/rig.ts";

const [clients = 200, minutes = 14] = process.argv.slice(2).map(Number);
/** Readings of each DER while something is wrong, and before the next thing: five seconds of them. */
const readings = 20;
const pauseMs = 250;
/** More than the three heartbeats after which a client gives a connection up. */
const silenceMs = 50_000;

const silence: Trouble = {
  name: "the network is silent for more than three heartbeats",
  async befall({ proxies, traffic }) {
    for (const proxy of proxies) proxy.freeze();
    const untilMs = performance.now() + silenceMs;
    while (performance.now() < untilMs) await traffic(1);
    for (const proxy of proxies) proxy.thaw();
  },
};

console.error(`Starting a hub and ${clients} clients …`);
const day = await startDay({ clients, processes: 4, pauseMs, lifeMs: 15_000 });
try {
  await live(day);
} finally {
  await day.close();
}

async function live(day: Day): Promise<void> {
  const troubles = [...createTroubles({ readings, blockMs: 4_000 }), silence];
  const befallen = new Map<string, number>();
  const startMs = performance.now();
  const isOver = () => performance.now() - startMs >= minutes * 60_000;
  for (let round = 0; !isOver(); round++) {
    for (const trouble of shuffled(troubles, round)) {
      if (isOver()) break;
      await day.traffic(readings);
      const seconds = ((performance.now() - startMs) / 1_000).toFixed(0);
      console.error(`${seconds} s: ${trouble.name}`);
      await trouble.befall(day);
      befallen.set(trouble.name, (befallen.get(trouble.name) ?? 0) + 1);
    }
  }
  console.error("Waiting for what is missing …");
  const { published, delivered, connections, losses, tokens, faults } = await day.end();
  console.log(`machine      ${describeMachine()}`);
  console.log(`clients      ${clients}, for ${minutes} min`);
  for (const [name, count] of befallen) console.log(`trouble      ${count} × ${name}`);
  console.log(`published    ${published} readings`);
  console.log(`delivered    ${delivered}`);
  console.log(`connections  ${connections}, with ${tokens} tokens`);
  for (const [code, count] of losses) console.log(`lost         ${count} × ${code}`);
  console.log(`faults       ${faults.length}`);
  for (const fault of faults.slice(0, 20)) console.log(`  ${fault}`);
  if (faults.length > 0) process.exitCode = 1;
}

/** The same order each time that it is run, and another in each round. */
function shuffled<T>(items: readonly T[], seed: number): T[] {
  return items
    .map((item, index) => ({ item, rank: uniform(seed, index) }))
    .sort((one, other) => one.rank - other.rank)
    .map(({ item }) => item);
}
