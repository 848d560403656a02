/**
 * Readings a second from the gateways' publish to the listener's socket: gateways in one process,
 * nats-server with fsync, the hub as users run it, a listener of each site here. Beside
 * it, in turn, the bare publisher writing ready readings into the same stream. Then the latency from
 * publish to listener at a steady 1 000 a second.
 *
 *   npm run bench:ingest -- [readings=100000] [rounds=5] [latency seconds=20]
 */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { listenToFleet } from "./whole/listeners.ts";
import {
  cpuSeconds,
  describeMachine,
  forkBench,
  median,
  percentile,
  type Rig,
  startRig,
} from "./whole/rig.ts";

const [readings = 100_000, rounds = 5, latencySeconds = 20] = process.argv.slice(2).map(Number);
const gateways = 20;
const dersPerGateway = 50;
const steadyPerSecond = 1_000;

const rig = await startRig(gateways, dersPerGateway);
const bare = forkBench("bare.ts", [rig.hub.natsUrl, rig.hub.dataDir]);
try {
  await bench(rig, bare);
} finally {
  bare.kill();
  await rig.close();
}

async function bench(rig: Rig, bare: ChildProcess): Promise<void> {
  const listener = await listenToFleet(rig);
  const bareRates: number[] = [];
  const wholeRates: number[] = [];
  const cpuUs: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    bareRates.push(readings / (await runBare(bare)));
    const cpu = cpuSeconds(rig.hub.pid());
    const startedMs = performance.now();
    const arrived = listener.after(readings);
    await Promise.all([rig.publish(readings, 0), arrived]);
    wholeRates.push(readings / ((performance.now() - startedMs) / 1000));
    cpuUs.push(((cpuSeconds(rig.hub.pid()) - cpu) / readings) * 1e6);
    const rates = `bare ${bareRates.at(-1)?.toFixed(0)}/s, whole path ${wholeRates.at(-1)?.toFixed(0)}/s`;
    console.error(`round ${round} of ${rounds}: ${rates}`);
  }

  console.error(`latency at ${steadyPerSecond}/s for ${latencySeconds} s …`);
  const steady = steadyPerSecond * latencySeconds;
  const latencies = listener.timed();
  await Promise.all([rig.publish(steady, steadyPerSecond), listener.after(steady)]);
  // The first second warms up what the burst before has cooled down.
  const measured = latencies.slice(steadyPerSecond);

  const [whole, beside] = [median(wholeRates), median(bareRates)];
  console.log(`machine      ${describeMachine()}, fsync before every acknowledgement`);
  console.log(`whole path   ${whole.toFixed(0)} readings/s, median of ${rounds} (target 15000)`);
  console.log(`bare         ${beside.toFixed(0)} readings/s, median of ${rounds}`);
  console.log(`ratio        ${(whole / beside).toFixed(2)} (target 0.70)`);
  console.log(`hub CPU      ${median(cpuUs).toFixed(1)} µs a reading, delivery included`);
  console.log(
    `latency      p50 ${percentile(measured, 0.5).toFixed(1)} ms (target 10), ` +
      `p99 ${percentile(measured, 0.99).toFixed(1)} ms (target 50) at ${steadyPerSecond}/s`,
  );
  console.log(`resumed      ${listener.resumed} times, as a listener was too slow for the burst`);
  listener.close();
}

async function runBare(bare: ChildProcess): Promise<number> {
  bare.send({ readings });
  const [answer]: { seconds: number }[] = await once(bare, "message");
  return answer?.seconds ?? Number.NaN;
}
