import { Novacore, NovacoreError } from "@novacore/client";
import { sentenceOf } from "../failure.ts";
import { type Finding, failure, ok, warning } from "./finding.ts";

/** What the hub tells about itself. */
export interface HubAnswer {
  readonly version: string;
  readonly natsServer: string | undefined;
  readonly durability: string | undefined;
  /** How far this machine's clock is ahead of the hub's. */
  readonly clockAheadMs: number | undefined;
}

const answerMs = 10_000;

/** The check that says whether a hub answers at all. */
export const hubCheck = "Hub";

/** Whether a hub answers, and takes traffic; without an answer the other checks have no sense. */
export async function checkHub(
  url: URL,
  signal: AbortSignal,
): Promise<{ readonly findings: readonly Finding[]; readonly hub: HubAnswer | undefined }> {
  const check = hubCheck;
  const nova = new Novacore({ baseUrl: url.href });
  const within = AbortSignal.any([signal, AbortSignal.timeout(answerMs)]);
  const startedMs = performance.now();
  try {
    const health = await nova.hub.health({ signal: within });
    const tookMs = Math.round(performance.now() - startedMs);
    const clockAheadMs = await readClock(url, within);
    const readiness = await nova.hub.readiness({ signal: within });
    const { nats_server: natsServer, durability, version } = health;
    const notWell = readiness.checks.filter((each) => !each.ok);
    const findings = [
      ok(check, `${url.origin} answers in ${tookMs} ms`),
      ...notWell.map(({ name, reason }) => ofReadiness(readiness.status, name, reason)),
    ];
    return { findings, hub: { version, natsServer, durability, clockAheadMs } };
  } catch (error) {
    signal.throwIfAborted();
    const isLate = within.aborted;
    const said = isLate ? `no answer in ${answerMs / 1_000} s` : sentenceOf(error);
    const isNone = error instanceof NovacoreError && error.code === "answer_invalid";
    const fix = isNone
      ? "check the address: something else answers there"
      : `check that a hub runs at ${url.origin} (on this machine: novacore up)`;
    return { findings: [failure(check, said, fix)], hub: undefined };
  }
}

function ofReadiness(status: string, name: string, reason = "not well"): Finding {
  const fix = "the hub's log says more; docs/operating.md, Health";
  return status === "ready" ? warning(name, reason, fix) : failure(name, reason, fix);
}

/** By the answer's Date header, which has seconds alone: within one second. */
async function readClock(url: URL, signal: AbortSignal): Promise<number | undefined> {
  const startedMs = Date.now();
  const response = await fetch(new URL("healthz", withSlash(url)), { signal });
  const midwayMs = (startedMs + Date.now()) / 2;
  await response.body?.cancel();
  const toldMs = Date.parse(response.headers.get("date") ?? "");
  return Number.isNaN(toldMs) ? undefined : midwayMs - (toldMs + 500);
}

/** The hub may have a path of its own behind a proxy. */
function withSlash(url: URL): URL {
  return new URL(url.href.replace(/\/*$/, "/"));
}

/** A login's leeway: what is signed by a clock further off is refused. */
const clockFailsMs = 60_000;
/** Above what the Date header cannot tell. */
const clockWarnsMs = 2_000;

export function checkClock({ clockAheadMs }: HubAnswer): Finding[] {
  if (clockAheadMs === undefined) return [];
  const check = "Clock";
  const seconds = Math.round(Math.abs(clockAheadMs) / 1_000);
  const side = clockAheadMs > 0 ? "ahead of" : "behind";
  const said = `this machine's clock is ${seconds} s ${side} the hub's`;
  const fix = "set both by NTP (timedatectl set-ntp true)";
  if (Math.abs(clockAheadMs) > clockFailsMs) return [failure(check, said, fix)];
  if (Math.abs(clockAheadMs) > clockWarnsMs) return [warning(check, said, fix)];
  return [ok(check, "the same as the hub's, within 2 s")];
}

export function checkDurability({ durability }: HubAnswer): Finding[] {
  const check = "Durability";
  switch (durability) {
    case undefined:
      return [];
    case "fsync":
      return [ok(check, "what is acknowledged is on disk (fsync)")];
    case "replicated":
      return [ok(check, "what is acknowledged is on several machines (replicated)")];
    default:
      return [
        warning(
          check,
          `a power cut can lose what was acknowledged (${durability})`,
          "set sync_interval: always in nats-server's jetstream block, or replicate its streams",
        ),
      ];
  }
}
