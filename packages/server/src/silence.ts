import type { Silence, SilenceReason } from "./deliver/liveness.ts";
import type { GatewayPresence, GatewayPresences } from "./gateway-presence.ts";
import { Refusal } from "./ingest/refusal.ts";
import { type GatewayTree, resolveTarget } from "./ingest/resolve-target.ts";
import { limits } from "./limits.ts";
import type { Device } from "./registry/devices.ts";
import type { RejectionRecord } from "./store/rejections.ts";

export interface SilenceParts {
  readonly presences: Pick<GatewayPresences, "of">;
  readonly readTree: (serial: string) => Promise<GatewayTree | undefined>;
  /** A gateway's rejections since a moment, the oldest first. */
  readonly readRejections: (serial: string, sinceMs: number) => Promise<readonly RejectionRecord[]>;
  readonly now: () => number;
}

/** DERs that are not online, by reason: what a person would look at first comes first. */
export async function explainSilence(
  parts: SilenceParts,
  devices: readonly Device[],
  silence: Silence,
): Promise<ReadonlyMap<string, SilenceReason>> {
  const deviceOf = new Map(devices.flatMap((each) => each.ders.map(({ id }) => [id, each])));
  const behind = Map.groupBy(silence.silent, ({ derId }) => {
    const device = deviceOf.get(derId);
    // An orphan's gateway is somebody else's by now, or nobody's.
    return device?.state === "orphaned" ? undefined : device?.gatewaySerial;
  });
  const reasons = new Map<string, SilenceReason>();
  for (const { derId } of behind.get(undefined) ?? []) {
    if (deviceOf.has(derId)) reasons.set(derId, "gateway_disconnected");
  }
  const explain = async (serial: string, silent: Silence["silent"]) => {
    const online = silence.online.filter(({ derId }) => {
      return deviceOf.get(derId)?.gatewaySerial === serial;
    });
    const [presence, rejectedAtMs] = await Promise.all([
      parts.presences.of(serial),
      rejectionTimes(parts, serial),
    ]);
    const isThere = isPresent(presence, online, parts.now());
    for (const { derId, receivedAtMs = 0 } of silent) {
      const movedAt = deviceOf.get(derId)?.movedAt ?? null;
      const movedMs = movedAt === null ? 0 : Date.parse(movedAt);
      // What was refused before is nothing for those who see the DER only where it is now.
      const sinceMs = Math.max(presence.claimStartMs, movedMs);
      const rejectedMs = rejectedAtMs.get(derId) ?? 0;
      if (rejectedMs >= sinceMs && rejectedMs > receivedAtMs) reasons.set(derId, "rejected");
      else if (!isThere) reasons.set(derId, "gateway_disconnected");
      else reasons.set(derId, receivedAtMs === 0 ? "never_reported" : "device_silent");
    }
  };
  await Promise.all(
    [...behind].map(([serial, silent]) => serial === undefined || explain(serial, silent)),
  );
  return reasons;
}

/**
 * A gateway that uploads has no connection: it is there when it was heard of just now, or when another
 * DER behind it is online; after a connection that ended, when either was later than that.
 */
function isPresent(
  { isConnected, sinceMs = 0, lastSeenMs = 0 }: GatewayPresence,
  online: Silence["online"],
  nowMs: number,
): boolean {
  if (isConnected) return true;
  const endedMs = sinceMs + onTheWayMs;
  if (online.some(({ receivedAtMs }) => receivedAtMs > endedMs)) return true;
  return lastSeenMs > endedMs && nowMs - lastSeenMs <= limits.gatewayPresentMs;
}

/** What came by a connection just before it ended may be noted a little later. */
const onTheWayMs = 1_000;

/** When a reading of each DER was refused last, in the time that counts. */
async function rejectionTimes(
  { readRejections, readTree, now }: SilenceParts,
  serial: string,
): Promise<ReadonlyMap<string, number>> {
  const times = new Map<string, number>();
  const rejections = await readRejections(serial, now() - limits.rejectedRecentlyMs);
  if (rejections.length === 0) return times;
  const tree = await readTree(serial);
  for (const { hardware_id: hardwareId, der, received_at: atMs } of rejections) {
    if (hardwareId === undefined || der === undefined) continue;
    const target = resolveTarget(tree, serial, hardwareId, der);
    if (!(target instanceof Refusal)) times.set(target.derId, atMs);
  }
  return times;
}
