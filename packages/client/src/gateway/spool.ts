import { NovacoreError } from "../errors.ts";
import { AppendQueue } from "./append-queue.ts";
import { newSegment, readRecords, type Segment } from "./segments.ts";
import type { SpoolFile, SpoolFolder } from "./spool-folder.ts";
import { findLeft } from "./spool-left.ts";
import { SpoolPosition } from "./spool-position.ts";
import { encodeRecord, type FramedRecord, recordBytesMax } from "./spool-record.ts";

/** Records that are lost for good. */
export interface DroppedRecords {
  /** Sequence of the first one, and of the first one behind them. */
  readonly from: number;
  readonly to: number;
  /**
   * `spool_full`: they were the oldest when there was no room left; `too_old`: older than the spool
   * keeps; `damaged`: the disk did not give back what was written.
   */
  readonly reason: "spool_full" | "too_old" | "damaged";
}

export interface SpoolOptions {
  readonly folder: SpoolFolder;
  /** What all segments together may take on the disk. */
  readonly bytesMax: number;
  /** Records that were spooled longer ago are dropped. */
  readonly ageMaxMs: number;
  /** Epoch ms. */
  readonly now: () => number;
  /** Called whenever there is something new to read. */
  readonly onAppended: () => void;
  readonly onDropped: (dropped: DroppedRecords) => void;
}

interface ReadLimits {
  readonly records: number;
  readonly bytes: number;
}

export type SpoolRecord = Pick<FramedRecord, "sequence" | "payload" | "end">;

/**
 * A queue on disk, in order, for one writer and one reader. What `append` has resolved for survives
 * `kill -9` and a power cut until it is settled, or dropped at the limits, the oldest first. Records
 * stand in segments; one is removed when all of it is settled.
 */
export class Spool {
  readonly #options: SpoolOptions;
  readonly #position: SpoolPosition;
  /** The oldest first; the last is written to. */
  readonly #segments: Segment[];
  /** The first record that is not settled: in the first segment. */
  #head: { sequence: number; offset: number };
  /** Sequence of the record that comes next. */
  #next: number;
  /** The last segment's file; undefined: the next record begins a new segment. */
  #file: SpoolFile | undefined;
  readonly #queue = new AppendQueue();
  #writing: Promise<void> | undefined;
  #isClosed = false;

  private constructor(
    options: SpoolOptions,
    position: SpoolPosition,
    segments: Segment[],
    at: { readonly head: { sequence: number; offset: number }; readonly next: number },
  ) {
    this.#options = options;
    this.#position = position;
    this.#segments = segments;
    this.#head = at.head;
    this.#next = at.next;
  }

  /** Opens what an earlier process left, and cuts off the record that it was writing at its end. */
  static async open(options: SpoolOptions): Promise<Spool> {
    const { folder } = options;
    const position = await SpoolPosition.open(folder);
    const { segments, head, next, soundBytes } = await findLeft(folder, position.start);
    await position.write(head.sequence); // takes its room on the disk now, not when that is full
    const spool = new Spool(options, position, segments, { head, next });
    const last = segments.at(-1);
    if (last !== undefined && soundBytes !== undefined) await spool.#goOn(last, soundBytes);
    return spool;
  }

  /** Records that are not settled. */
  get length(): number {
    return this.#next - this.#head.sequence;
  }

  /** Sequence of the first record that is not settled. */
  get head(): number {
    return this.#head.sequence;
  }

  /**
   * Resolves with the record's sequence once it is safe on the disk; records that come together are
   * synced together. Rejects with NovacoreError `spool_failed` when the disk does not take it, and
   * `spool_busy` when more waits for the disk than memory is for.
   */
  append(payload: Uint8Array): Promise<number> {
    if (this.#isClosed) return Promise.reject(failed("The spool is closed."));
    const appended = this.#queue.add(payload);
    if (this.#queue.length > 0) this.#writing ??= this.#writeAll();
    return appended;
  }

  /**
   * The first records that are not settled, all of one segment; none: there are none. Rejects with
   * NovacoreError `spool_failed`, as `settle` does.
   */
  async read(limits: ReadLimits): Promise<readonly SpoolRecord[]> {
    try {
      return await this.#read(limits);
    } catch (cause) {
      throw diskFailed("give back its records", cause);
    }
  }

  /** The record and all before it are done with: they do not come again. */
  async settle({ sequence, end }: SpoolRecord): Promise<void> {
    if (sequence < this.#head.sequence) return; // dropped while it was under way
    try {
      await this.#moveHead({ sequence: sequence + 1, offset: end });
    } catch (cause) {
      throw diskFailed("take the position", cause);
    }
  }

  /** What was appended is written first. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#writing;
    await this.#file?.close();
    this.#file = undefined;
    await this.#position.close();
  }

  async #read(limits: ReadLimits): Promise<readonly SpoolRecord[]> {
    const { folder } = this.#options;
    for (;;) {
      const [segment, following] = this.#segments;
      const { sequence, offset } = this.#head;
      const [end, endOffset] = [following?.first ?? this.#next, segment?.bytes ?? 0];
      if (segment === undefined || sequence >= end) {
        if (following === undefined) return [];
        await this.#removeFirst(following);
        continue;
      }
      const bytes = Math.max(limits.bytes, recordBytesMax);
      const found = await readRecords(folder, segment, { offset, bytesMax: bytes });
      if (this.#head.sequence !== sequence) continue; // dropped meanwhile
      // What stands behind may be of a write that failed.
      const sound = found.filter((record) => record.sequence >= sequence && record.sequence < end);
      const gap = sound.findIndex((record, index) => record.sequence !== sequence + index);
      const records = gap < 0 ? sound : sound.slice(0, gap);
      if (records.length === 0) {
        const [next] = sound;
        const dropped = { from: sequence, to: next?.sequence ?? end, reason: "damaged" } as const;
        await this.#skip(dropped, next?.start ?? endOffset);
        continue;
      }
      const fresh = records.findIndex(({ spooledMs }) => !this.#isTooOld(spooledMs));
      if (fresh !== 0) {
        const count = fresh < 0 ? records.length : fresh;
        const dropped = { from: sequence, to: sequence + count, reason: "too_old" } as const;
        await this.#skip(dropped, records[count - 1]?.end ?? offset);
        continue;
      }
      return records.slice(0, limits.records);
    }
  }

  async #goOn(last: Segment, offset: number): Promise<void> {
    this.#file = await this.#options.folder.open(last.name);
    if (offset < last.bytes) {
      await this.#file.truncate(offset);
      await this.#file.sync();
    }
    last.bytes = offset;
  }

  async #writeAll(): Promise<void> {
    await Promise.resolve(); // what is published in one go is synced together
    while (this.#queue.length > 0) {
      const group = this.#queue.takeGroup();
      try {
        const first = await this.#write(group.map(({ payload }) => payload));
        for (const [index, { resolve }] of group.entries()) resolve(first + index);
        this.#options.onAppended();
      } catch (cause) {
        await this.#abandonFile();
        for (const { reject } of group) reject(diskFailed("take it", cause));
      }
    }
    this.#writing = undefined;
  }

  /** What the disk has of a failed write is unknown: the next record begins a new segment. */
  async #abandonFile(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    const soundBytes = this.#segments.at(-1)?.bytes ?? 0;
    await file?.truncate(soundBytes).catch(() => undefined); // as well as it goes
    await file?.close().catch(() => undefined);
  }

  /** Gives the sequence of the first one. */
  async #write(payloads: readonly Uint8Array[]): Promise<number> {
    const [first, spooledMs] = [this.#next, this.#options.now()];
    const records = payloads.map((payload, index) =>
      encodeRecord(payload, { sequence: first + index, spooledMs }),
    );
    const bytes = Buffer.concat(records);
    await this.#makeRoom(bytes.length);
    const [segment, file] = await this.#writable(bytes.length);
    await file.write(bytes, segment.bytes);
    await file.sync();
    segment.bytes += bytes.length;
    segment.newestMs = spooledMs;
    this.#next += records.length;
    return first;
  }

  async #writable(bytes: number): Promise<readonly [Segment, SpoolFile]> {
    const { folder, now, bytesMax } = this.#options;
    const last = this.#segments.at(-1);
    const isFull = (last?.bytes ?? 0) + bytes > Math.min(segmentBytesMax, bytesMax / 8);
    if (last !== undefined && this.#file !== undefined && !(isFull && last.bytes > 0)) {
      return [last, this.#file];
    }
    await this.#file?.close();
    this.#file = undefined;
    const segment = newSegment(this.#next, now());
    // The same name again, where the first record of a segment could not be written.
    if (last?.first === segment.first) this.#segments.pop();
    const file = await folder.open(segment.name);
    await file.truncate(0);
    await folder.sync();
    this.#file = file;
    this.#segments.push(segment);
    if (this.#segments.length === 1) this.#head.offset = 0;
    return [segment, file];
  }

  async #makeRoom(bytes: number): Promise<void> {
    const { bytesMax } = this.#options;
    for (;;) {
      const [oldest, following] = this.#segments;
      if (oldest === undefined || following === undefined) return;
      const total = this.#segments.reduce((sum, segment) => sum + segment.bytes, bytes);
      const reason = total > bytesMax ? "spool_full" : "too_old";
      if (reason === "too_old" && !this.#isTooOld(oldest.newestMs)) return;
      const dropped = { from: this.#head.sequence, to: following.first, reason } as const;
      await this.#skip(dropped, oldest.bytes);
    }
  }

  /** A clock that was not set yet says nothing about age. */
  #isTooOld(spooledMs: number): boolean {
    return spooledMs > clockSetMs && this.#options.now() - spooledMs > this.#options.ageMaxMs;
  }

  async #skip(dropped: DroppedRecords, offset: number): Promise<void> {
    const moved = this.#moveHead({ sequence: dropped.to, offset });
    if (dropped.to > dropped.from) this.#options.onDropped(dropped);
    await moved;
  }

  async #moveHead(head: { sequence: number; offset: number }): Promise<void> {
    this.#head = head;
    const following = this.#segments[1];
    if (following !== undefined && head.sequence >= following.first) {
      return this.#removeFirst(following);
    }
    await this.#position.write(head.sequence);
  }

  async #removeFirst(following: Segment): Promise<void> {
    const first = this.#segments.shift();
    this.#head = { sequence: Math.max(this.#head.sequence, following.first), offset: 0 };
    await this.#position.write(this.#head.sequence);
    await this.#position.sync(); // else the segment would be missed after a power cut
    if (first !== undefined) await this.#options.folder.remove(first.name);
  }
}

const segmentBytesMax = 1_024 * 1_024;
/** 2024: before it, a clock stands where it stood at the factory. */
const clockSetMs = Date.UTC(2024, 0);

function diskFailed(what: string, cause: unknown): NovacoreError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return failed(`The disk did not ${what}: ${reason}`, cause);
}

function failed(message: string, cause?: unknown): NovacoreError {
  return new NovacoreError("spool_failed", message, { cause });
}
