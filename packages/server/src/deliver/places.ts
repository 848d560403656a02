import { NovacoreError } from "@novacore/protocol";
import { limits } from "../limits.ts";

/** How many connections somebody has, by identity and by address. */
export class Places {
  readonly #perIdentity = new Map<string, number>();
  readonly #perAddress = new Map<string, number>();

  /** Takes a place; gives the function that returns it. Throws `too_many_connections`. */
  take(identityId: string, address: string): () => void {
    take(this.#perIdentity, identityId, limits.streamsPerIdentityMax, "identity");
    try {
      take(this.#perAddress, address, limits.streamsPerAddressMax, "address");
    } catch (error) {
      give(this.#perIdentity, identityId);
      throw error;
    }
    return () => {
      give(this.#perIdentity, identityId);
      give(this.#perAddress, address);
    };
  }
}

function take(counts: Map<string, number>, key: string, max: number, what: string): void {
  const count = counts.get(key) ?? 0;
  if (count >= max) {
    const message = `This ${what} has ${count} connections open, the most allowed; close some first.`;
    throw new NovacoreError("too_many_connections", message);
  }
  counts.set(key, count + 1);
}

function give(counts: Map<string, number>, key: string): void {
  const count = counts.get(key) ?? 0;
  if (count <= 1) counts.delete(key);
  else counts.set(key, count - 1);
}
