import { setTimeout as delay } from "node:timers/promises";
import type { Delivery, Slice } from "./dispatch.ts";
import type { Pace } from "./pace.ts";
import type { Sender } from "./sender.ts";
import type { RunningTally } from "./tally.ts";

export interface HomeRun {
  /** What leaves the gateway, in the order of the home's time. */
  readonly slices: Iterable<Slice>;
  readonly pace: Pace;
  readonly sender: Sender;
  readonly tally: RunningTally;
  readonly signal: AbortSignal;
  /** Called when the hub has answered for everything up to that time of the home. */
  readonly onSent: (timeMs: number) => void;
}

/** Messages that one call of a sender gets: a few hundred milliseconds of the hub's time. */
const deliveriesMax = 500;

/** Sends all of a home when its time has come. Throws the signal's reason, and what no retry mends. */
export async function runHome({ slices, ...run }: HomeRun): Promise<void> {
  const { pace, sender, tally, signal, onSent } = run;
  for await (const { timeMs, deliveries, taken } of dueTogether(slices, pace, signal)) {
    for (const slice of taken) tally.addMeasured(slice);
    const messages = deliveries.map(({ device: { hardwareId, der }, payload }) => {
      return { hardwareId, der: der.name, payload };
    });
    tally.addSent(deliveries, await sender.send(messages, signal));
    onSent(timeMs);
  }
}

interface Due {
  /** Of the last slice. */
  readonly timeMs: number;
  readonly taken: readonly Slice[];
  readonly deliveries: readonly Delivery[];
}

/** Each slice when it is due; after a wait for the hub several are, and go together. */
async function* dueTogether(
  slices: Iterable<Slice>,
  pace: Pace,
  signal: AbortSignal,
): AsyncGenerator<Due, void> {
  let taken: Slice[] = [];
  let deliveries: Delivery[] = [];
  let timeMs = 0;
  for (const slice of slices) {
    const isDue = slice.timeMs <= pace.homeTimeMs(Date.now());
    if (taken.length > 0 && (!isDue || deliveries.length >= deliveriesMax)) {
      yield { timeMs, taken, deliveries };
      taken = [];
      deliveries = [];
    }
    const waitMs = pace.waitMs(slice.timeMs, Date.now());
    if (waitMs > 0) await delay(waitMs, undefined, { signal });
    signal.throwIfAborted();
    timeMs = slice.timeMs;
    taken.push(slice);
    deliveries.push(...slice.deliveries);
  }
  if (taken.length > 0) yield { timeMs, taken, deliveries };
}
