import type { EnrichedAddress } from "@novacore/protocol";
import { limits } from "../limits.ts";

export type LivenessState = "online" | "stale" | "offline";

/** How a DER does, as a listener is told. */
export interface Liveness {
  readonly site_id: string;
  readonly device_id: string;
  readonly der_id: string;
  readonly state: LivenessState;
  /** Since the last reading reached the hub. */
  readonly age_ms: number;
}

/** What a watcher is told about; a reading says which DER it is and of which type. */
export interface SeenReading {
  readonly address: EnrichedAddress;
  readonly type: string;
  /** Hub clock, epoch ms. */
  readonly receivedAtMs: number;
}

export interface LivenessWatcher {
  /** Whether the watcher wants to know of this DER. */
  readonly wants: (reading: SeenReading) => boolean;
  readonly tell: (liveness: Liveness) => void;
}

/**
 * Says of each DER of a site whether it is online, stale or offline, by how often it is used to
 * send: that is learnt from when its readings reach the hub, so that a meter that uploads once an
 * hour is not called stale after a minute. The clock comes in as an argument.
 */
export class SiteLiveness {
  readonly #ders = new Map<string, Der>();
  readonly #watchers = new Set<LivenessWatcher>();

  get watchers(): number {
    return this.#watchers.size;
  }

  /** Tells the watcher of every change from now on; how the DERs do now, `tellKnown` says. */
  watch(watcher: LivenessWatcher): () => void {
    this.#watchers.add(watcher);
    return () => {
      this.#watchers.delete(watcher);
    };
  }

  /**
   * Tells one watcher how some DERs do, from an index on in the order of their ids. Gives the index to
   * go on with, or undefined at the end: whoever watches much is told at the pace it listens.
   */
  tellKnown(watcher: LivenessWatcher, nowMs: number, index: number): number | undefined {
    const known = [...this.#ders.values()].sort((a, b) => (derIdOf(a) < derIdOf(b) ? -1 : 1));
    const end = index + limits.livenessPortion;
    for (const der of known.slice(index, end)) {
      // The others hear of it as of any change.
      this.#change(der, nowMs, watcher);
      if (watcher.wants(der.last)) watcher.tell(toLiveness(der, nowMs));
    }
    return end < known.length ? end : undefined;
  }

  /** The last reading of a DER from before anybody watched: what came between is not known. */
  remember(reading: SeenReading): void {
    const { derId } = reading.address;
    if (this.#ders.has(derId)) return;
    this.#ders.set(derId, { last: reading, burstMs: undefined, gapsMs: [], state: "offline" });
  }

  /** A reading arrived. */
  take(reading: SeenReading, nowMs: number): void {
    const { derId } = reading.address;
    const known = this.#ders.get(derId);
    if (known === undefined) {
      const { receivedAtMs: burstMs } = reading;
      const der: Der = { last: reading, burstMs, gapsMs: [], state: "online" };
      this.#ders.set(derId, der);
      der.state = stateAt(der, nowMs);
      this.#tell(der, nowMs);
      return;
    }
    // A reading that was read back or repaired is no news when a later one is known.
    if (reading.receivedAtMs < known.last.receivedAtMs) return;
    learn(known, reading.receivedAtMs);
    known.last = reading;
    this.#change(known, nowMs);
  }

  /** Looks who has fallen silent; gives when to look again, epoch ms. */
  look(nowMs: number): number {
    let nextMs = nowMs + limits.livenessLookMs;
    for (const der of this.#ders.values()) {
      this.#change(der, nowMs);
      const turnsMs = nextTurn(der);
      if (turnsMs > nowMs && turnsMs < nextMs) nextMs = turnsMs;
    }
    return nextMs;
  }

  #change(der: Der, nowMs: number, besides?: LivenessWatcher): void {
    const state = stateAt(der, nowMs);
    if (state === der.state) return;
    der.state = state;
    this.#tell(der, nowMs, besides);
  }

  #tell(der: Der, nowMs: number, besides?: LivenessWatcher): void {
    for (const watcher of this.#watchers) {
      if (watcher !== besides && watcher.wants(der.last)) watcher.tell(toLiveness(der, nowMs));
    }
  }
}

interface Der {
  last: SeenReading;
  /** When the burst began that the last reading belongs to; undefined: from before anybody watched. */
  burstMs: number | undefined;
  /** Between bursts, the newest last. */
  readonly gapsMs: number[];
  state: LivenessState;
}

/**
 * Readings that come together count as one arrival: a batch of sixty once a minute is a gap of a
 * minute, and not sixty of nothing.
 */
function learn(der: Der, receivedAtMs: number): void {
  const gapMs = receivedAtMs - (der.burstMs ?? receivedAtMs);
  if (der.burstMs !== undefined && gapMs <= limits.livenessBurstMs) return;
  const isFirst = der.burstMs === undefined;
  der.burstMs = receivedAtMs;
  if (isFirst) return;
  der.gapsMs.push(gapMs);
  if (der.gapsMs.length > limits.livenessGaps) der.gapsMs.shift();
}

/** The longest of the last gaps: it is wrong for a few readings after an outage, and never early. */
function expectedMs({ gapsMs }: Der): number {
  return gapsMs.length === 0 ? limits.livenessExpectedMs : Math.max(...gapsMs);
}

function staleAfterMs(der: Der): number {
  return clamp(3 * expectedMs(der), limits.livenessStaleMs);
}

function offlineAfterMs(der: Der): number {
  return clamp(10 * expectedMs(der), limits.livenessOfflineMs);
}

function stateAt(der: Der, nowMs: number): LivenessState {
  const ageMs = nowMs - der.last.receivedAtMs;
  if (ageMs >= offlineAfterMs(der)) return "offline";
  return ageMs >= staleAfterMs(der) ? "stale" : "online";
}

/** When the DER will turn stale, or else offline, if it stays silent; 0: it is offline. */
function nextTurn(der: Der): number {
  switch (der.state) {
    case "online":
      return der.last.receivedAtMs + staleAfterMs(der);
    case "stale":
      return der.last.receivedAtMs + offlineAfterMs(der);
    case "offline":
      return 0;
  }
}

function toLiveness({ last, state }: Der, nowMs: number): Liveness {
  const { siteId, deviceId, derId } = last.address;
  const age_ms = Math.max(0, nowMs - last.receivedAtMs);
  return { site_id: siteId, device_id: deviceId, der_id: derId, state, age_ms };
}

function derIdOf({ last }: Der): string {
  return last.address.derId;
}

function clamp(valueMs: number, { min, max }: { readonly min: number; readonly max: number }) {
  return Math.min(max, Math.max(min, valueMs));
}
