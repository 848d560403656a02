import type { NovacoreError } from "./errors.ts";
import type { Credential } from "./transport.ts";

/** Who the caller is: one source for all requests and streams of a client. */
export interface CredentialSource {
  /**
   * The credential to use now; undefined: none, as for pages with a session cookie. With `refusal`,
   * the one before was refused for it: gives a newer one, or throws the refusal if there is none.
   */
  get(refusal?: NovacoreError): Promise<Credential | undefined>;
  /** A newer credential before the one in use ends; undefined where there is no way to get one. */
  renew(): Promise<Credential | undefined>;
}

/** Text that is always the same, or a function that is asked for a newer one when it is needed. */
export type Renewable = string | (() => string | Promise<string>);

/** `wrap` says what the text is. */
export function createCredentials(
  given: Renewable | undefined,
  wrap: (text: string) => Credential,
): CredentialSource {
  if (typeof given === "function") return new Provided(async () => wrap(await given()));
  return {
    async get(refusal) {
      if (refusal !== undefined) throw refusal;
      return given === undefined ? undefined : wrap(given);
    },
    renew: async () => undefined,
  };
}

/** Asked for once however many need it at a time, and kept until it is no good any more. */
class Provided implements CredentialSource {
  readonly #ask: () => Promise<Credential>;
  #current: Credential | undefined;
  #asking: Promise<Credential> | undefined;

  constructor(ask: () => Promise<Credential>) {
    this.#ask = ask;
  }

  async get(refusal?: NovacoreError): Promise<Credential> {
    return refusal === undefined && this.#current ? this.#current : this.renew();
  }

  renew(): Promise<Credential> {
    this.#asking ??= this.#askNow().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #askNow(): Promise<Credential> {
    this.#current = undefined;
    this.#current = await this.#ask();
    return this.#current;
  }
}
