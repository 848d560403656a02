/**
 * Resident memory of the hub with 10 000 DERs that each send a reading a second, with one listener
 * per hundred of them: is it below the target, and flat?
 *
 *   npm run bench:memory -- [minutes=10]
 */
import { setTimeout as delay } from "node:timers/promises";
import { listen } from "../test/support/listener.ts";
import { describeMachine, median, residentMib, startRig } from "./whole/rig.ts";

const minutes = Number(process.argv[2] ?? 10);
const gateways = 200;
const dersPerGateway = 50;
const perSecond = gateways * dersPerGateway;
const sampleMs = 10_000;
const targetMib = 250;

const rig = await startRig(gateways, dersPerGateway);
const abort = new AbortController();
try {
  const url = `${rig.hub.url}/stream/sites/${rig.fleet.siteIds[0]}`;
  let delivered = 0;
  const listener = await listen(url, { token: rig.fleet.token, onEvent: () => delivered++ });
  const samples: number[] = [];
  const sampling = sample(samples, abort.signal);
  await rig.publish(perSecond * 60 * minutes, perSecond);
  abort.abort();
  await sampling;
  await listener.close();

  // The first fifth fills what is filled once: caches, the ten minutes of dedupe, the JIT.
  const fifth = Math.max(1, Math.floor(samples.length / 5));
  const early = median(samples.slice(fifth, 2 * fifth));
  const late = median(samples.slice(-fifth));
  console.log(`machine       ${describeMachine()}`);
  console.log(
    `readings      ${perSecond}/s for ${minutes} min, ${delivered} delivered to one site`,
  );
  console.log(`RSS           at most ${Math.max(...samples).toFixed(0)} MiB (target ${targetMib})`);
  console.log(`flatness      ${early.toFixed(0)} MiB early, ${late.toFixed(0)} MiB late`);
} finally {
  abort.abort();
  await rig.close();
}

async function sample(samples: number[], signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const mib = residentMib(rig.hub.pid());
    samples.push(mib);
    console.error(`${samples.length * (sampleMs / 1000)} s: ${mib.toFixed(0)} MiB`);
    try {
      await delay(sampleMs, undefined, { signal });
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}
