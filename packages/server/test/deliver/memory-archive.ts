import type { NatsConnection } from "@nats-io/transport-node";
import type { Archive, ArchiveWish } from "../../src/deliver/archive.ts";
import { readAddress, readLiveMessage, type StoredMessage } from "../../src/deliver/message.ts";

/** Everything that was stored since it began, as an archive has it: in pages, and a little later. */
export class MemoryArchive implements Archive {
  /** How often it was read. */
  reads = 0;
  readonly #messages: StoredMessage[] = [];
  readonly #pageMax: number;

  constructor(connection: NatsConnection, pageMax = 5) {
    this.#pageMax = pageMax;
    connection.subscribe("live.>", {
      callback: (error, message) => {
        const stored = error === null ? readLiveMessage(message) : undefined;
        if (stored === undefined) return;
        this.#messages.push({ ...stored, payload: Buffer.from(stored.payload) });
      },
    });
  }

  get upTo(): number {
    return this.#messages.at(-1)?.sequence ?? 0;
  }

  async range() {
    return { after: 0, upTo: this.upTo };
  }

  async positionAt() {
    return { position: 0, isExpired: false };
  }

  async read(wish: ArchiveWish, countMax: number) {
    this.reads++;
    const { all, upTo } = await this.#between(wish);
    const messages = all.slice(0, Math.min(this.#pageMax, countMax));
    const isAll = messages.length === all.length;
    return { messages, position: isAll ? upTo : (messages.at(-1)?.sequence ?? upTo) };
  }

  async newest(wish: ArchiveWish) {
    const { all, upTo } = await this.#between(wish);
    const places = all.map(({ sequence, subject, payload }) => ({
      derId: readAddress(subject)?.derId ?? "",
      timestampMs: JSON.parse(Buffer.from(payload).toString()).timestamp,
      sequence,
    }));
    return { places, position: upTo };
  }

  async readAt(wish: ArchiveWish, sequences: readonly number[]) {
    const { all } = await this.#between(wish);
    return all.filter(({ sequence }) => sequences.includes(sequence));
  }

  async #between({ sites, after, upTo, signal }: ArchiveWish) {
    // Some turns of the event loop, in which other things happen.
    await new Promise(setImmediate);
    signal?.throwIfAborted();
    const end = Math.min(upTo, this.upTo);
    const siteIds = new Set(sites.map(({ siteId }) => siteId));
    const all = this.#messages.filter(
      ({ sequence, subject }) =>
        sequence > after && sequence <= end && siteIds.has(readAddress(subject)?.siteId ?? ""),
    );
    return { all, upTo: Math.max(after, end) };
  }
}
