import { randomUUID } from "node:crypto";
import { namePattern } from "@novacore/protocol";
import { NovacoreError } from "../errors.ts";
import type { GatewayKey } from "./key.ts";

/** What a claimer hands in with `POST /gateways/claim`; good for ten minutes, once. */
export interface ClaimMessage {
  readonly message: string;
  /** ES256: raw r‖s as 128 hex digits. */
  readonly signature: string;
}

/** Who a gateway is, and what it signs to prove it (wire contract §2 and §5). */
export class GatewayIdentity {
  readonly serial: string;
  readonly #key: GatewayKey;

  constructor(serial: string, key: GatewayKey) {
    if (!namePattern.test(serial)) {
      const message = `A gateway's serial is 1 to 64 of A-Z a-z 0-9 _ -, not "${serial}".`;
      throw new NovacoreError("options_invalid", message);
    }
    this.serial = serial;
    this.#key = key;
  }

  get publicKey(): string {
    return this.#key.publicKey;
  }

  /** Its password on MQTT and NATS and its bearer token; a secret. `nowMs`: epoch ms. */
  loginJwt(nowMs: number): string {
    const iat = Math.floor(nowMs / 1_000);
    const header = encode({ alg: "ES256", typ: "JWT", device: this.serial });
    const payload = encode({ iat, exp: iat + lifetimeSeconds, jti: randomUUID() });
    const text = `${header}.${payload}`;
    return `${text}.${this.#key.sign(text).toString("base64url")}`;
  }

  claimMessage(claimerId: string, nowMs: number): ClaimMessage {
    const seconds = Math.floor(nowMs / 1_000);
    const message = [claimerId, randomUUID(), seconds, this.serial].join("|");
    return { message, signature: this.#key.sign(message).toString("hex") };
  }
}

/** For a connection to be made; what is connected outlives it. */
const lifetimeSeconds = 600;

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
