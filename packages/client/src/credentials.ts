import { NovacoreError } from "./errors.ts";
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

/** `wrap` says what the text is; a line break behind it, as a file has, is left out. Throws `options_invalid` for what can be none. */
export function createCredentials(
  given: Renewable | undefined,
  wrap: (text: string) => Credential,
): CredentialSource {
  if (typeof given === "function") {
    return new Provided(async () => ({ credential: wrap((await given()).trim()) }));
  }
  const credential = given === undefined ? undefined : checked(wrap(given.trim()));
  return {
    async get(refusal) {
      if (refusal !== undefined) throw refusal;
      return credential;
    },
    renew: async () => undefined,
  };
}

export interface Given {
  readonly credential: Credential;
  /** How long it is used without asking for another. Default: until it is refused. */
  readonly goodForMs?: number;
}

/** Asked for once however many need it at a time, and kept until it is no good any more. */
export class Provided implements CredentialSource {
  readonly #ask: () => Promise<Given>;
  readonly #now: () => number;
  #current: Credential | undefined;
  #goodUntilMs = 0;
  #asking: Promise<Credential> | undefined;

  /** `now`: milliseconds of a clock that is never set. */
  constructor(ask: () => Promise<Given>, now: () => number = () => performance.now()) {
    this.#ask = ask;
    this.#now = now;
  }

  async get(refusal?: NovacoreError): Promise<Credential> {
    const isGood = refusal === undefined && this.#now() < this.#goodUntilMs;
    return isGood && this.#current ? this.#current : this.renew();
  }

  renew(): Promise<Credential> {
    this.#asking ??= this.#askNow().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #askNow(): Promise<Credential> {
    this.#current = undefined;
    const { credential, goodForMs = Infinity } = await this.#ask();
    this.#goodUntilMs = this.#now() + goodForMs;
    this.#current = checked(credential);
    return credential;
  }
}

/** A platform that refuses a header says so with its value, which is secret here. */
function checked(credential: Credential): Credential {
  const text = credential.kind === "token" ? credential.token : credential.ticket;
  if (/^[\x21-\x7e]*$/.test(text)) return credential;
  const message = `The ${credential.kind} has a space, a line break or another character that none has.`;
  throw new NovacoreError("options_invalid", message);
}
