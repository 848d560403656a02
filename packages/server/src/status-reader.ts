import type { ReadingType } from "@novacore/protocol";
import type { LastSeen } from "./deliver/last-seen.ts";
import type { SilenceReason } from "./deliver/liveness.ts";
import { type LivenessState, livenessAt } from "./deliver/liveness-times.ts";
import type { WatchedSites } from "./deliver/watched-sites.ts";
import type { LastKnown, LastKnownAsker, LastReading } from "./last-known.ts";
import type { Der } from "./registry/ders.ts";
import { readingTypeFor } from "./registry/device-types.ts";
import type { Device } from "./registry/devices.ts";
import { explainSilence, type SilenceParts } from "./silence.ts";

/** Who asks how DERs do. */
export interface StatusAsker extends LastKnownAsker {
  /** Default: what the stream does not hold any more is looked for. */
  readonly lastKnown?: ReadonlyMap<string, LastReading>;
}

/** How a DER does, and by which reading that is known. */
export interface DerStatus {
  readonly device: Device;
  readonly der: Der;
  readonly type: ReadingType | undefined;
  readonly state: LivenessState;
  /** When it came back online, or fell silent, epoch ms. */
  readonly sinceMs: number | undefined;
  readonly why: SilenceReason | undefined;
  readonly last: LastReading | undefined;
}

export interface StatusReaderParts extends SilenceParts {
  readonly watchedSites: Pick<WatchedSites, "lastSeen" | "knownOf">;
  readonly lastKnown: LastKnown;
}

/** How the DERs of some devices do, in their order, by the readings that the asker may see. */
export async function readStatus(
  parts: StatusReaderParts,
  devices: readonly Device[],
  asker: StatusAsker,
): Promise<readonly DerStatus[]> {
  const ders = devices.flatMap((device) => device.ders.map((der) => ({ device, der })));
  const seen = await readSeen(parts, devices, asker);
  const missing = ders.flatMap(({ device: { orgId, siteId, id: deviceId }, der }) =>
    seen.has(der.id) ? [] : [{ orgId, siteId, deviceId, derId: der.id }],
  );
  const older = asker.lastKnown ?? (await lastKnownOf(parts, missing, asker));
  const nowMs = parts.now();
  const statuses = ders.map(({ device, der }): DerStatus => {
    const type = readingTypeFor(device.type, der.type);
    const about = { device, der, type, why: undefined };
    const last = seen.get(der.id);
    if (last !== undefined) return { ...about, ...stateOf(parts, last, nowMs), last };
    const known = older.get(der.id);
    // What never reported has been silent since it was made.
    const sinceMs = known?.receivedAtMs ?? Date.parse(der.createdAt);
    return { ...about, state: "offline", sinceMs, last: known };
  });
  return withReasons(parts, devices, statuses);
}

async function lastKnownOf(
  { lastKnown }: StatusReaderParts,
  missing: Parameters<LastKnown>[0],
  asker: StatusAsker,
): ReturnType<LastKnown> {
  return missing.length === 0 ? new Map() : lastKnown(missing, asker);
}

/** By DER. A device that was moved has readings under the site that it came from as well. */
async function readSeen(
  { watchedSites }: StatusReaderParts,
  devices: readonly Device[],
  { party, sites }: StatusAsker,
): Promise<ReadonlyMap<string, LastSeen>> {
  const seen = new Map<string, LastSeen>();
  if (devices.length === 0) return seen;
  const filters = devices.map(({ orgId, id }) => `orgs.${orgId}.sites.*.devices.${id}.>`);
  for (const last of await watchedSites.lastSeen(party, filters)) {
    const { siteId, derId } = last.address;
    if (sites !== "all" && !sites.includes(siteId)) continue;
    const known = seen.get(derId);
    if (known === undefined || known.receivedAtMs < last.receivedAtMs) seen.set(derId, last);
  }
  return seen;
}

/** Whoever watches the site has learnt more of how often the DER sends than its last arrivals say. */
function stateOf({ watchedSites }: StatusReaderParts, last: LastSeen, nowMs: number) {
  const { receivedAtMs, address } = last;
  const known = watchedSites.knownOf(address.siteId, address.derId);
  const isLearnt = known !== undefined && known.gapsMs.length > 0;
  const gapsMs = isLearnt ? known.gapsMs : last.gapsMs;
  const state = livenessAt({ receivedAtMs, gapsMs }, nowMs);
  return { state, sinceMs: state === "online" ? known?.onlineSinceMs : receivedAtMs };
}

async function withReasons(
  parts: StatusReaderParts,
  devices: readonly Device[],
  statuses: readonly DerStatus[],
): Promise<readonly DerStatus[]> {
  const silent = statuses.filter(({ state }) => state !== "online");
  if (silent.length === 0) return statuses;
  const toArrival = ({ der, last }: DerStatus) => {
    return { derId: der.id, receivedAtMs: last?.receivedAtMs };
  };
  const reasons = await explainSilence(parts, devices, {
    silent: silent.map(toArrival),
    online: statuses.flatMap(({ state, der, last }) => {
      const isOnline = state === "online" && last !== undefined;
      return isOnline ? [{ derId: der.id, receivedAtMs: last.receivedAtMs }] : [];
    }),
  });
  return statuses.map((status) => ({ ...status, why: reasons.get(status.der.id) }));
}
