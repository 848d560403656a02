import { NovacoreError } from "@novacore/protocol";
import type { RegistryChanges } from "../registry/changes.ts";
import type { Caller } from "./caller.ts";

export interface VerifiedTokensOptions {
  readonly now: () => number;
  /** Tokens remembered; the one unused for longest gives way. */
  readonly tokensMax: number;
  /** How long a verification is believed: bounds how late another hub's revocation is noticed. */
  readonly recheckMs: number;
  /** The costly part: signature and registry. Throws when the token is not valid. */
  readonly verify: (token: string) => Promise<Caller>;
  readonly changes: RegistryChanges;
}

/**
 * Remembers tokens that have been verified, so that a request costs a look-up in memory. A change of
 * an identity in this hub's registry forgets its tokens at once.
 */
export class VerifiedTokens {
  readonly #options: VerifiedTokensOptions;
  /** Least recently used first. */
  readonly #entries = new Map<string, { readonly caller: Caller; readonly checkedAt: number }>();
  readonly #unsubscribe: () => void;
  /** Grows with every change of an identity: what was read before a change is not remembered. */
  #identityChanges = 0;

  constructor(options: VerifiedTokensOptions) {
    this.#options = options;
    this.#unsubscribe = options.changes.subscribe(({ kind, id }) => {
      if (kind !== "identity") return;
      this.#identityChanges++;
      for (const [token, { caller }] of this.#entries) {
        if (caller.identityId === id) this.#entries.delete(token);
      }
    });
  }

  /** Whose token it is; throws what `verify` throws, or `token_expired`. */
  async caller(token: string): Promise<Caller> {
    if (token.length > tokenLengthMax) throw new NovacoreError("unauthenticated");
    const { now, recheckMs, verify } = this.#options;
    const known = this.#entries.get(token);
    const startedAt = now();
    if (known !== undefined) {
      this.#entries.delete(token);
      if (known.caller.expiresAt <= startedAt) throw new NovacoreError("token_expired");
      if (startedAt - known.checkedAt < recheckMs) {
        this.#entries.set(token, known);
        return known.caller;
      }
    }
    const changesBefore = this.#identityChanges;
    const caller = await verify(token);
    if (changesBefore === this.#identityChanges) this.#remember(token, caller, startedAt);
    return caller;
  }

  close(): void {
    this.#unsubscribe();
    this.#entries.clear();
  }

  #remember(token: string, caller: Caller, checkedAt: number): void {
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size < this.#options.tokensMax) break;
      this.#entries.delete(oldest);
    }
    this.#entries.set(token, { caller, checkedAt });
  }
}

/** Ours take about 500 characters, gateways' own about 300. */
const tokenLengthMax = 8 * 1024;
