import { randomBytes, randomUUID } from "node:crypto";

type Prefix = "org" | "sit" | "dev" | "der";

/**
 * A new id: `sit-` and 26 lower-case Crockford base32 digits, of which the first ten are the time
 * in milliseconds. Ids sort by creation, so lists page by id, and hold no dots, so that they are
 * one token of a NATS subject. Those of one process sort strictly, as each takes a later millisecond.
 */
export function newId(prefix: Prefix): string {
  lastMs = Math.max(Date.now(), lastMs + 1);
  let time = "";
  let rest = lastMs;
  for (let i = 0; i < timeDigits; i++) {
    time = `${alphabet[rest % 32]}${time}`;
    rest = Math.floor(rest / 32);
  }
  // One random byte a digit, its upper three bits unused: 80 bits in all.
  const random = Array.from(randomBytes(randomDigits), (byte) => alphabet[byte % 32]).join("");
  return `${prefix}-${time}${random}`;
}

/** Identities carry no time: when somebody joined is nobody else's business. */
export function newIdentityId(): string {
  return `idt-${randomUUID()}`;
}

let lastMs = 0;
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
const timeDigits = 10;
const randomDigits = 16;
