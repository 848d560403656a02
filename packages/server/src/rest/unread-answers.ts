import type { ServerResponse } from "node:http";
import { NovacoreError } from "@novacore/protocol";
import { limits } from "../limits.ts";

export interface UnreadLimits {
  /** Answers that one identity has not read yet. */
  readonly bytesMax: number;
  /** A client that takes nothing of an answer for so long is cut. */
  readonly stallMs: number;
}

/** Large answers that were made and not read yet: they are in memory as long. */
export class UnreadAnswers {
  readonly #limits: UnreadLimits;
  readonly #bytesOf = new Map<string, number>();

  constructor({
    bytesMax = limits.historyUnreadBytesMax,
    stallMs = limits.historyStallMs,
  }: Partial<UnreadLimits> = {}) {
    this.#limits = { bytesMax, stallMs };
  }

  /** Identities that have something to read, for leak tests. */
  get size(): number {
    return this.#bytesOf.size;
  }

  /** Throws `rate_limited`. */
  assertRoom(identityId: string): void {
    const bytes = this.#bytesOf.get(identityId) ?? 0;
    if (bytes < this.#limits.bytesMax) return;
    const message = `You have not read ${bytes} bytes of answers yet; read them before you ask for more.`;
    throw new NovacoreError("rate_limited", message);
  }

  /** Counts an answer that is about to be sent, until its client has it or is gone. */
  add(identityId: string, bytes: number, response: ServerResponse): void {
    this.#bytesOf.set(identityId, (this.#bytesOf.get(identityId) ?? 0) + bytes);
    response.once("close", () => {
      const left = (this.#bytesOf.get(identityId) ?? 0) - bytes;
      if (left > 0) this.#bytesOf.set(identityId, left);
      else this.#bytesOf.delete(identityId);
    });
    // Node sets another one when the answer is out, for the connection to be used again.
    response.socket?.setTimeout(this.#limits.stallMs);
  }
}
