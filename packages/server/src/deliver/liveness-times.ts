import { limits } from "../limits.ts";

export type LivenessState = "online" | "stale" | "offline";

/**
 * How a DER does that was last heard of at a moment, by the gaps between its last arrivals. None are
 * known: it is taken to send once a minute.
 */
export function livenessAt(
  { receivedAtMs, gapsMs }: { readonly receivedAtMs: number; readonly gapsMs: readonly number[] },
  nowMs: number,
): LivenessState {
  const ageMs = nowMs - receivedAtMs;
  if (ageMs >= offlineAfterMs(gapsMs)) return "offline";
  return ageMs >= staleAfterMs(gapsMs) ? "stale" : "online";
}

/** When a DER turns stale, after its last arrival. */
export function staleAfterMs(gapsMs: readonly number[]): number {
  return clamp(3 * expectedMs(gapsMs), limits.livenessStaleMs);
}

export function offlineAfterMs(gapsMs: readonly number[]): number {
  return clamp(10 * expectedMs(gapsMs), limits.livenessOfflineMs);
}

/** The longest of the last gaps: it is wrong for a few readings after an outage, and never early. */
function expectedMs(gapsMs: readonly number[]): number {
  return gapsMs.length === 0 ? limits.livenessExpectedMs : Math.max(...gapsMs);
}

function clamp(valueMs: number, { min, max }: { readonly min: number; readonly max: number }) {
  return Math.min(max, Math.max(min, valueMs));
}
