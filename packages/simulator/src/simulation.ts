import { setImmediate as breathe } from "node:timers/promises";
import type { Novacore } from "@novacore/client";
import { dispatch } from "./dispatch.ts";
import { type EnrolledHome, Estate } from "./estate.ts";
import { dialectOf, type Faults } from "./faults.ts";
import { type Found, findReadings } from "./found.ts";
import { createHomes, type Home } from "./home.ts";
import { runHome } from "./home-run.ts";
import { createPace, type Speed } from "./pace.ts";
import { type HubPlaces, openSender, type Sender, type SenderKind } from "./sender.ts";
import { addUp, RunningTally, type Tally } from "./tally.ts";

export interface SimulationOptions {
  /** Of somebody who may create gateways and sites in the organization. */
  readonly nova: Novacore;
  readonly places: HubPlaces;
  /** Default: a new one. */
  readonly orgId?: string | undefined;
  readonly homes: number;
  /** How much of the homes' time is simulated. */
  readonly durationMs: number;
  /** When that begins, epoch ms. Default: so that it ends now; with a speed up to 1, now. */
  readonly fromMs?: number | undefined;
  /** Between two readings of a device: whole seconds, in milliseconds. */
  readonly everyMs: number;
  readonly speed: Speed;
  readonly faults: Faults;
  /** Same seed, same homes and same faults. */
  readonly seed: number;
  readonly via: SenderKind;
  /** Asks the hub at the end what it has of all that was sent. */
  readonly verify: boolean;
  /** Deletes the homes, and an organization that was made, however the run ends. */
  readonly clean: boolean;
  /** Ends the run early. */
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

export type Progress =
  | { readonly kind: "enrolling"; readonly done: number; readonly of: number }
  /** `share`: how far the slowest home is, 0 to 1. */
  | { readonly kind: "sending"; readonly share: number; readonly tally: Tally }
  | { readonly kind: "verifying" }
  | { readonly kind: "cleaning" };

export interface Simulation {
  readonly orgId: string;
  readonly homes: readonly EnrolledHome[];
  /** What of the homes' time was simulated; `toMs` is not part of it. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly tally: Tally;
  /** Undefined where it was not asked for, and after an early end. */
  readonly found: Found | undefined;
  /** Whether the signal ended it early. */
  readonly isInterrupted: boolean;
}

/**
 * Runs virtual homes against a hub, by its public interfaces alone: enrols them, sends what they
 * measure, with the faults, and waits for the hub's answers. Throws NovacoreError for what the hub
 * refuses.
 */
export async function simulate(options: SimulationOptions): Promise<Simulation> {
  const estate = await Estate.open(options.nova, options.orgId);
  try {
    return await run(options, estate);
  } finally {
    if (options.clean) {
      options.onProgress?.({ kind: "cleaning" });
      await estate.remove();
    }
  }
}

interface ReadyHome {
  readonly home: Home;
  readonly enrolled: EnrolledHome;
  readonly sender: Sender;
  readonly tally: RunningTally;
}

async function run(options: SimulationOptions, estate: Estate): Promise<Simulation> {
  const { signal } = options;
  const ready: ReadyHome[] = [];
  try {
    await enrol(options, estate, ready);
    const startMs = Date.now();
    const range = rangeOf(options, startMs);
    await sendAll(options, ready, { ...range, startMs });
    const tally = addUp(ready.map((each) => each.tally));
    const isInterrupted = signal.aborted;
    const found = isInterrupted ? undefined : await verify(options, ready, range);
    return { orgId: estate.orgId, homes: estate.homes, ...range, tally, found, isInterrupted };
  } finally {
    await Promise.all(ready.map(({ sender }) => sender.close()));
  }
}

async function enrol(options: SimulationOptions, estate: Estate, ready: ReadyHome[]) {
  const { homes: of, faults, seed, via, places, signal, onProgress } = options;
  for (const home of createHomes(of, seed)) {
    if (signal.aborted) return;
    const done = ready.length;
    onProgress?.({ kind: "enrolling", done, of });
    const enrolled = await estate.addHome(`Home ${done + 1}`, dialectOf(faults, done));
    const sender = await openSender(via, enrolled.gateway, places);
    ready.push({ home, enrolled, sender, tally: new RunningTally() });
    await breathe(); // building a home takes a while, and the connections are to stay alive
  }
}

function rangeOf({ fromMs, durationMs, everyMs, speed }: SimulationOptions, startMs: number) {
  const isLive = speed !== "max" && speed <= 1;
  const wantedMs = fromMs ?? (isLive ? startMs : startMs - durationMs);
  const firstMs = Math.floor(wantedMs / everyMs) * everyMs;
  return { fromMs: firstMs, toMs: firstMs + durationMs };
}

/** All homes side by side. When one fails the others are stopped. */
async function sendAll(
  { seed, faults, everyMs, durationMs, speed, signal: given, onProgress }: SimulationOptions,
  ready: readonly ReadyHome[],
  { fromMs, toMs, startMs }: { fromMs: number; toMs: number; startMs: number },
): Promise<void> {
  const failed = new AbortController();
  const signal = AbortSignal.any([given, failed.signal]);
  const pace = createPace(speed, fromMs, startMs);
  const reachedMs = ready.map(() => fromMs);
  const runs = ready.map(({ home, sender, tally }, index) => {
    const slices = dispatch({ home, index, seed: seed + index, faults, fromMs, toMs, everyMs });
    const onSent = (timeMs: number) => {
      reachedMs[index] = timeMs;
      const share = Math.min(1, (Math.min(...reachedMs) + everyMs - fromMs) / durationMs);
      onProgress?.({ kind: "sending", share, tally: addUp(ready.map((each) => each.tally)) });
    };
    return runHome({ slices, pace, sender, tally, signal, onSent }).catch((error) => {
      failed.abort(error);
    });
  });
  await Promise.all(runs);
  if (!given.aborted) failed.signal.throwIfAborted();
}

function verify(
  { nova, verify: isWanted, faults: { driftMs }, signal, onProgress }: SimulationOptions,
  ready: readonly ReadyHome[],
  { fromMs, toMs }: { fromMs: number; toMs: number },
): Promise<Found> | undefined {
  if (!isWanted) return undefined;
  onProgress?.({ kind: "verifying" });
  const homes = ready.map(({ enrolled, tally }) => {
    return { ...enrolled, sentReadings: tally.sent - tally.copies };
  });
  const range = { fromMs: fromMs + driftMs, toMs: toMs + driftMs };
  return findReadings(nova, homes, range, signal);
}
