import { NovacoreError } from "../errors.ts";

/** What waits for the disk. */
export interface Waiting {
  readonly payload: Uint8Array;
  readonly resolve: (sequence: number) => void;
  readonly reject: (error: NovacoreError) => void;
}

/** Payloads on their way to the disk, in their order. */
export class AppendQueue {
  #waiting: Waiting[] = [];
  #bytes = 0;

  get length(): number {
    return this.#waiting.length;
  }

  /** Gives what its taker says; rejects with NovacoreError `spool_busy` when too much waits already. */
  add(payload: Uint8Array): Promise<number> {
    if (this.#bytes > bytesMax) {
      const message = `${this.#bytes} bytes wait for the disk; publish after "spooled".`;
      return Promise.reject(new NovacoreError("spool_busy", message));
    }
    this.#bytes += payload.byteLength;
    return new Promise((resolve, reject) => this.#waiting.push({ payload, resolve, reject }));
  }

  /** The first ones, to be written and synced together. */
  takeGroup(): readonly Waiting[] {
    let [count, bytes] = [0, 0];
    for (const { payload } of this.#waiting) {
      if (count > 0 && bytes + payload.byteLength > groupBytesMax) break;
      count++;
      bytes += payload.byteLength;
    }
    this.#bytes -= bytes;
    return this.#waiting.splice(0, count);
  }
}

/** What may wait in memory for a slow disk. */
const bytesMax = 8 * 1_024 * 1_024;
const groupBytesMax = 256 * 1_024;
