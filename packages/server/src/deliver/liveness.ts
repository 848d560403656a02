import type { EnrichedAddress } from "@novacore/protocol";
import { limits } from "../limits.ts";
import { type LivenessState, livenessAt, offlineAfterMs, staleAfterMs } from "./liveness-times.ts";

/** Why a DER is not online, as far as the hub knows. */
export type SilenceReason =
  | "device_silent"
  | "gateway_disconnected"
  | "rejected"
  | "never_reported";

/** How a DER does, as a listener is told. */
export interface Liveness {
  readonly site_id: string;
  readonly device_id: string;
  readonly der_id: string;
  readonly state: LivenessState;
  /** When it came back, or fell silent, epoch ms; absent: online for longer than anybody has looked. */
  readonly since?: number;
  readonly why?: SilenceReason;
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

/** DERs of a site that are not online, and those that are. */
export interface Silence {
  readonly silent: readonly { readonly derId: string; readonly receivedAtMs: number | undefined }[];
  readonly online: readonly { readonly derId: string; readonly receivedAtMs: number }[];
}

/** Finds out why DERs are silent; leaves out those of which it does not know. */
export type ExplainSilence = (silence: Silence) => Promise<ReadonlyMap<string, SilenceReason>>;

export interface SiteLivenessOptions {
  /** Without it nobody is told why, and every change at once. Must not reject. */
  readonly explain?: ExplainSilence | undefined;
  readonly now?: () => number;
}

/**
 * Says of each DER of a site whether it is online, stale or offline, by how often it is used to
 * send: that is learnt from when its readings reach the hub, so that a meter that uploads once an
 * hour is not called stale after a minute. The clock comes in as an argument. Who falls silent is
 * told of once the reason is found; who is back, at once.
 */
export class SiteLiveness {
  readonly #options: SiteLivenessOptions;
  readonly #ders = new Map<string, Der>();
  readonly #watchers = new Set<LivenessWatcher>();
  /** DERs that fell silent, and of which nobody was told yet. */
  readonly #unexplained = new Set<Der>();
  #explaining: Promise<void> | undefined;

  constructor(options: SiteLivenessOptions = {}) {
    this.#options = options;
  }

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
      // Once it is known why, all hear of it.
      if (this.#unexplained.has(der)) continue;
      if (watcher.wants(der.last)) watcher.tell(toLiveness(der, nowMs));
    }
    return end < known.length ? end : undefined;
  }

  /**
   * The last reading of a DER from before anybody watched, and gaps between its last arrivals, where
   * they are known.
   */
  remember(reading: SeenReading, nowMs: number, gapsMs: readonly number[] = []): void {
    const { derId } = reading.address;
    const known = this.#ders.get(derId);
    if (known !== undefined) {
      // It was heard of while the past was being read, and not for the first time.
      const { receivedAtMs } = reading;
      const { onlineSinceMs = 0 } = known;
      const wasOnline = livenessAt({ receivedAtMs, gapsMs }, onlineSinceMs) === "online";
      if (wasOnline) known.onlineSinceMs = undefined;
      return;
    }
    const der: Der = { ...createDer(reading), burstMs: undefined, gapsMs: [...gapsMs] };
    der.state = stateAt(der, nowMs);
    this.#ders.set(derId, der);
    if (der.state !== "online") this.#explain(der);
  }

  /** Resolves when nobody waits to be told why a DER is silent. */
  async explained(): Promise<void> {
    await this.#explaining;
  }

  /** What is known of how often a DER sends, and since when it has been online without a break. */
  knownOf(derId: string): { gapsMs: readonly number[]; onlineSinceMs: number | undefined } {
    const der = this.#ders.get(derId);
    return { gapsMs: der?.gapsMs ?? [], onlineSinceMs: der?.onlineSinceMs };
  }

  /** A reading arrived. */
  take(reading: SeenReading, nowMs: number): void {
    const { derId } = reading.address;
    const known = this.#ders.get(derId);
    if (known === undefined) {
      const der = createDer(reading);
      this.#ders.set(derId, der);
      der.onlineSinceMs = reading.receivedAtMs;
      der.state = stateAt(der, nowMs);
      if (der.state === "online") this.#tell(der, nowMs);
      else this.#explain(der);
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
    der.why = undefined;
    der.onlineSinceMs = state === "online" ? der.last.receivedAtMs : undefined;
    if (state !== "online" && this.#options.explain !== undefined) {
      this.#explain(der);
      return;
    }
    this.#unexplained.delete(der);
    this.#tell(der, nowMs, besides);
  }

  /** Asks why; those that fall silent in the same turn are one question. */
  #explain(der: Der): void {
    const { explain, now = Date.now } = this.#options;
    if (explain === undefined) {
      this.#tell(der, now());
      return;
    }
    this.#unexplained.add(der);
    this.#explaining ??= this.#explainAll(explain, now);
  }

  async #explainAll(explain: ExplainSilence, now: () => number): Promise<void> {
    await Promise.resolve();
    while (this.#unexplained.size > 0) {
      const ders = [...this.#unexplained];
      const online = [...this.#ders.values()].filter(({ state }) => state === "online");
      const reasons = await explain({ silent: ders.map(toArrival), online: online.map(toArrival) });
      for (const der of ders) {
        // Who is back meanwhile was told of already.
        if (!this.#unexplained.delete(der)) continue;
        der.why = reasons.get(derIdOf(der));
        this.#tell(der, now());
      }
    }
    this.#explaining = undefined;
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
  /** When it was heard of for the first time, or again; undefined: before anybody watched. */
  onlineSinceMs: number | undefined;
  why: SilenceReason | undefined;
}

function createDer(last: SeenReading): Der {
  return {
    ...{ last, burstMs: last.receivedAtMs, gapsMs: [], state: "online" },
    ...{ onlineSinceMs: undefined, why: undefined },
  };
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

function stateAt({ last, gapsMs }: Der, nowMs: number): LivenessState {
  return livenessAt({ receivedAtMs: last.receivedAtMs, gapsMs }, nowMs);
}

/** When the DER will turn stale, or else offline, if it stays silent; 0: it is offline. */
function nextTurn(der: Der): number {
  switch (der.state) {
    case "online":
      return der.last.receivedAtMs + staleAfterMs(der.gapsMs);
    case "stale":
      return der.last.receivedAtMs + offlineAfterMs(der.gapsMs);
    case "offline":
      return 0;
  }
}

function toLiveness({ last, state, onlineSinceMs, why }: Der, nowMs: number): Liveness {
  const { siteId, deviceId, derId } = last.address;
  const since = state === "online" ? onlineSinceMs : last.receivedAtMs;
  return {
    ...{ site_id: siteId, device_id: deviceId, der_id: derId, state },
    ...(since !== undefined && { since }),
    ...(why !== undefined && { why }),
    age_ms: Math.max(0, nowMs - last.receivedAtMs),
  };
}

function toArrival({ last }: Der) {
  return { derId: last.address.derId, receivedAtMs: last.receivedAtMs };
}

function derIdOf({ last }: Der): string {
  return last.address.derId;
}
