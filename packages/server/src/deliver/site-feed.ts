import type { EnrichedAddress } from "@novacore/protocol";
import { DeliveredEvent } from "./event.ts";
import type { StreamSite } from "./filters.ts";
import { readAddress, type StoredMessage } from "./message.ts";
import { Ring, type RingBudget, type RingLimits } from "./ring.ts";

/** Who takes the readings of a site: a group of listeners. */
export interface SiteListener {
  take(event: DeliveredEvent): void;
}

/** A reading that was stored and did not arrive: the subject's messages between two sequences. */
export interface Gap {
  readonly subject: string;
  readonly after: number;
  readonly through: number;
}

/** Readings of one site as they are stored: its ring, and the groups that take them. */
export class SiteFeed {
  readonly site: StreamSite;
  readonly ring: Ring;
  readonly listeners = new Set<SiteListener>();
  /** Streams that use the site; with none it lingers for a while, then goes. */
  users = 0;
  /** When the last user left, ms. */
  idleSinceMs = 0;
  /** Resolves when the site is live; rejects when the stream could not be asked. */
  readonly ready: Promise<void>;
  readonly #resolveReady: () => void;
  readonly #rejectReady: (error: unknown) => void;
  readonly #ders = new Map<string, Der>();
  #state: "starting" | "live" = "starting";
  #liveFrom = 0;

  constructor(site: StreamSite, limits: RingLimits, budget: RingBudget) {
    this.site = site;
    this.ring = new Ring(limits, budget);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.ready = promise;
    this.#resolveReady = resolve;
    this.#rejectReady = reject;
  }

  get isLive(): boolean {
    return this.#state === "live";
  }

  /** The fence: what is stored after it, the live subscription has brought. */
  goLive(fence: number): void {
    this.#state = "live";
    this.#liveFrom = fence;
    this.ring.coverFrom(fence);
    this.#resolveReady();
  }

  fail(error: unknown): void {
    this.#rejectReady(error);
  }

  /** The stream is another one now: nothing that was known of the old one counts. */
  restart(fence: number): void {
    this.ring.clear();
    this.#ders.clear();
    this.goLive(fence);
  }

  /**
   * Takes a message; gives the gap before it if messages of its subject are missing. Messages that
   * were taken before are ignored.
   */
  accept(message: StoredMessage, epoch: number, nowMs: number): Gap | undefined {
    const der = this.#der(message.subject);
    if (der === undefined) return undefined;
    if (message.sequence <= der.lastSequence || message.sequence <= this.#liveFrom) {
      return undefined;
    }
    const known = Math.max(der.lastSequence, this.#liveFrom);
    const { subject, lastSequence } = message;
    const gap =
      this.isLive && lastSequence > known
        ? { subject, after: known, through: lastSequence }
        : undefined;
    der.lastSequence = message.sequence;
    this.deliver(new DeliveredEvent(epoch, message.sequence, der.address, message.payload), nowMs);
    return gap;
  }

  /** A message that a gap had swallowed: it goes out late, under the position reached by now. */
  acceptLate(message: StoredMessage, epoch: number, position: number, nowMs: number): void {
    const address = this.#der(message.subject)?.address;
    if (address === undefined) return;
    const { sequence, payload } = message;
    this.deliver(new DeliveredEvent(epoch, sequence, address, payload, position), nowMs);
  }

  deliver(event: DeliveredEvent, nowMs: number): void {
    this.ring.push(event, nowMs);
    if (this.isLive) for (const listener of this.listeners) listener.take(event);
  }

  #der(subject: string): Der | undefined {
    const known = this.#ders.get(subject);
    if (known !== undefined) return known;
    const address = readAddress(subject);
    if (address === undefined) return undefined;
    const der = { address, lastSequence: 0 };
    this.#ders.set(subject, der);
    return der;
  }
}

interface Der {
  readonly address: EnrichedAddress;
  lastSequence: number;
}

/** From where on all these rings are complete. */
export function coveredFrom(feeds: readonly SiteFeed[]): number {
  return Math.max(0, ...feeds.map(({ ring }) => ring.coveredFrom));
}
