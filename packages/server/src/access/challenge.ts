import { randomBytes } from "node:crypto";
import type { PublicKey } from "./keys.ts";

export interface ChallengeOptions {
  readonly now: () => number;
  readonly lifetimeMs: number;
  /** Challenges open at once; the oldest gives way, so that asking cannot fill the memory. */
  readonly openMax: number;
}

/** Challenges that wait for their signature: each good once, for one key, for a short time. */
export class ChallengeStore {
  readonly #options: ChallengeOptions;
  /** In the order of their making, which is the order of their end. */
  readonly #open = new Map<string, { readonly key: string; readonly expiresAt: number }>();

  constructor(options: ChallengeOptions) {
    this.#options = options;
  }

  issue(key: PublicKey): { readonly challenge: string; readonly expiresAt: number } {
    const { now, lifetimeMs, openMax } = this.#options;
    const startedAt = now();
    for (const [challenge, { expiresAt }] of this.#open) {
      if (expiresAt > startedAt && this.#open.size < openMax) break;
      this.#open.delete(challenge);
    }
    // Text, because clients sign the bytes of the string; named, because a signature over random
    // text that a client was handed should not be usable for anything but logging in here.
    const challenge = `novacore-login-${randomBytes(32).toString("base64url")}`;
    const expiresAt = startedAt + lifetimeMs;
    this.#open.set(challenge, { key: key.hex, expiresAt });
    return { challenge, expiresAt };
  }

  /** Uses a challenge up, whatever comes of it; true when it was open and made for one of the keys. */
  take(challenge: string, keys: readonly PublicKey[]): boolean {
    const entry = this.#open.get(challenge);
    if (entry === undefined) return false;
    this.#open.delete(challenge);
    return entry.expiresAt > this.#options.now() && keys.some((key) => key.hex === entry.key);
  }
}
