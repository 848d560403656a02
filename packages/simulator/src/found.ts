import { setTimeout as delay } from "node:timers/promises";
import type { Novacore } from "@novacore/client";
import type { EnrolledHome } from "./estate.ts";

/** What a hub has of the readings that it was sent. */
export interface Found {
  /** Readings in its history, each once. */
  readonly stored: number;
  /** Readings that it refused, each once, by code. */
  readonly refused: Readonly<Record<string, number>>;
  /** Readings that are neither: 0 is as it has to be. */
  readonly missing: number;
}

export interface SentHome extends EnrolledHome {
  /** Readings that the hub acknowledged, each once. */
  readonly sentReadings: number;
}

/** Between two looks at a home, and how long nothing may change before what is missing is missing. */
const lookMs = 500;
const patienceMs = 20_000;

/** Asks the hub for every home, until it has all or gets no further: MQTT acknowledges before. */
export async function findReadings(
  nova: Novacore,
  homes: readonly SentHome[],
  range: { readonly fromMs: number; readonly toMs: number },
  signal: AbortSignal,
): Promise<Found> {
  const refused: Record<string, number> = {};
  let stored = 0;
  let missing = 0;
  for (const home of homes) {
    const seen = await settle(() => look(nova, home, range, signal), home.sentReadings, signal);
    stored += seen.stored;
    missing += home.sentReadings - seen.stored - seen.codes.length;
    for (const code of seen.codes) refused[code] = (refused[code] ?? 0) + 1;
  }
  return { stored, refused, missing };
}

interface Seen {
  readonly stored: number;
  /** One for each refused reading. */
  readonly codes: readonly string[];
}

async function settle(
  lookNow: () => Promise<Seen>,
  expected: number,
  signal: AbortSignal,
): Promise<Seen> {
  const count = ({ stored, codes }: Seen) => stored + codes.length;
  let seen = await lookNow();
  let changedMs = performance.now();
  while (count(seen) < expected && performance.now() - changedMs < patienceMs) {
    await delay(lookMs, undefined, { signal });
    const next = await lookNow();
    if (count(next) !== count(seen)) changedMs = performance.now();
    seen = next;
  }
  return seen;
}

async function look(
  nova: Novacore,
  { siteId, gateway }: EnrolledHome,
  { fromMs: from, toMs: to }: { readonly fromMs: number; readonly toMs: number },
  signal: AbortSignal,
): Promise<Seen> {
  const days = { from, to, resolution: "1d", fields: ["W"], signal };
  const { data } = await nova.site(siteId).history(days);
  // A copy is refused as well, and says the same.
  const codes = new Map<string, string>();
  const rejections = nova.gateway(gateway.serial).rejections({ pageSize: 1_000, signal });
  for await (const { hardware_id, der, original, error } of rejections) {
    codes.set(JSON.stringify([hardware_id, der, original]), error);
  }
  const stored = data.reduce((sum, { n = 0 }) => sum + n, 0);
  return { stored, codes: [...codes.values()] };
}
