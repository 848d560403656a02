import { NovacoreError } from "../errors.ts";

/** A record that waits for the disk. */
export interface Waiting {
  readonly record: Buffer;
  readonly resolve: (sequence: number) => void;
  readonly reject: (error: NovacoreError) => void;
}

/** Records on their way to the disk, in their order. */
export class AppendQueue {
  #waiting: Waiting[] = [];
  #bytes = 0;

  get length(): number {
    return this.#waiting.length;
  }

  /** Gives what its taker says; rejects with NovacoreError `spool_busy` when too much waits already. */
  add(record: Buffer): Promise<number> {
    if (this.#bytes > bytesMax) {
      const message = `${this.#bytes} bytes wait for the disk; publish after "spooled".`;
      return Promise.reject(new NovacoreError("spool_busy", message));
    }
    this.#bytes += record.length;
    return new Promise((resolve, reject) => this.#waiting.push({ record, resolve, reject }));
  }

  /** The first ones, to be written and synced together. */
  takeGroup(): readonly Waiting[] {
    let [count, bytes] = [0, 0];
    for (const { record } of this.#waiting) {
      if (count > 0 && bytes + record.length > groupBytesMax) break;
      count++;
      bytes += record.length;
    }
    this.#bytes -= bytes;
    return this.#waiting.splice(0, count);
  }
}

/** What may wait in memory for a slow disk. */
const bytesMax = 8 * 1_024 * 1_024;
const groupBytesMax = 256 * 1_024;
