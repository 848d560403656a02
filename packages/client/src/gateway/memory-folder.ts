import type { SpoolEntry, SpoolFile, SpoolFolder } from "./spool-folder.ts";

/** Thrown by every call from the moment on in which the machine died. */
class PowerCut extends Error {}

interface Content {
  /** What a reader sees. */
  seen: Buffer;
  /** What is on the disk for certain. */
  synced: Buffer;
}

/**
 * A folder in memory that can lose power before any of its writes, or in the middle of it. What was
 * not synced by then may be there, or a part of it, or zeroes in its place: `random` decides.
 */
export class MemoryFolder implements SpoolFolder {
  #files = new Map<string, Content>();
  /** Writes, syncs and removals so far. */
  changes = 0;
  /** The change that does not come to its end; undefined: none. */
  cutAt: number | undefined;
  /** While set, writes fail as on a full disk. */
  isFull = false;
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** What a process finds that is started after the cut. */
  restart(): void {
    for (const file of this.#files.values()) {
      file.seen = this.#survivor(file);
      file.synced = file.seen;
    }
    this.cutAt = undefined;
  }

  /** Turns a bit, as a failing card does. */
  damage(name: string, offset: number): void {
    const file = this.#files.get(name);
    if (file === undefined) throw new Error(`there is no ${name}`);
    const bytes = Buffer.from(file.seen);
    bytes.writeUInt8(bytes.readUInt8(offset) ^ 1, offset);
    file.seen = bytes;
  }

  async list(): Promise<readonly SpoolEntry[]> {
    return [...this.#files].map(([name, { seen }]) => ({ name, bytes: seen.length, changedMs: 0 }));
  }

  async open(name: string): Promise<SpoolFile> {
    this.#alive();
    const file = this.#files.get(name) ?? { seen: Buffer.alloc(0), synced: Buffer.alloc(0) };
    this.#files.set(name, file);
    return {
      read: async (offset, bytesMax) => file.seen.subarray(offset, offset + bytesMax),
      write: async (bytes, offset) => {
        if (this.isFull) throw new Error("ENOSPC");
        this.#change((share) => {
          const part = bytes.subarray(0, Math.floor(bytes.byteLength * share));
          const grown = Buffer.alloc(Math.max(file.seen.length, offset + part.length));
          file.seen.copy(grown);
          grown.set(part, offset);
          file.seen = grown;
        });
      },
      truncate: async (bytes) => {
        this.#change((share) => {
          if (share === 1) file.seen = file.seen.subarray(0, bytes);
        });
      },
      sync: async () => {
        this.#change((share) => {
          if (share === 1) file.synced = file.seen;
        });
      },
      close: async () => undefined,
    };
  }

  async remove(name: string): Promise<void> {
    this.#change((share) => {
      if (share === 1) this.#files.delete(name);
    });
  }

  async sync(): Promise<void> {
    this.#change(() => undefined);
  }

  /** `apply` is told how much of the change comes to pass, 0 to 1. */
  #change(apply: (share: number) => void): void {
    this.#alive();
    const isLast = this.changes++ === this.cutAt;
    apply(isLast ? Math.min(this.#random(), 0.999) : 1);
    if (isLast) throw new PowerCut();
  }

  #alive(): void {
    if (this.cutAt !== undefined && this.changes > this.cutAt) throw new PowerCut();
  }

  #survivor({ seen, synced }: Content): Buffer {
    const kind = this.#random();
    if (kind < 0.25) return synced;
    if (kind < 0.5) return seen;
    // Pages reach the disk one by one, and a file's length before its content.
    const from = Math.min(seen.length, synced.length);
    const length = from + Math.floor((seen.length - from) * this.#random());
    if (kind < 0.75) return seen.subarray(0, length);
    return Buffer.concat([seen.subarray(0, length), Buffer.alloc(seen.length - length)]);
  }
}
