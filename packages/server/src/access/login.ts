import { type ErrorCode, NovacoreError } from "@novacore/protocol";
import type { Identity } from "../registry/identities.ts";
import { type DeviceJwtOptions, deviceOf, readDeviceJwt } from "./device-jwt.ts";
import { fromNkey } from "./keys.ts";

/** A connection that asks nats-server to be let in, as the auth callout hands it on. */
export interface LoginAttempt {
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly token: string | undefined;
  /** Public nkey (`U…`) whose signature over the server's nonce the callout has verified. */
  readonly nkey: string | undefined;
  readonly transport: "nats" | "mqtt" | "websocket";
}

export type LoginOutcome =
  | {
      readonly accepted: true;
      readonly identityId: string;
      readonly identityType: "gateway" | "device";
    }
  /** `reason` is for the log; the client learns nothing but that it was refused. */
  | { readonly accepted: false; readonly code: ErrorCode; readonly reason: string };

export interface LoginOptions {
  readonly jwt: () => DeviceJwtOptions;
  /** Who a token of the hub belongs to; throws when it is not valid. */
  readonly tokenHolder: (token: string) => Promise<string>;
  readonly identity: (id: string) => Promise<Identity | undefined>;
  readonly identityByKey: (publicKey: string) => Promise<Identity | undefined>;
  readonly isClaimed: (serial: string) => Promise<boolean>;
}

/**
 * Decides a login to NATS, MQTT or WebSocket: username = serial or identity id with a self-signed
 * JWT or a token of the hub as password; either of them as NATS token; or a registered Ed25519 key
 * as nkey. Only claimed gateways and devices get in. Never throws for a refusal.
 */
export async function login(attempt: LoginAttempt, options: LoginOptions): Promise<LoginOutcome> {
  try {
    const identity = await identify(attempt, options);
    if (identity.revokedAt !== null) throw new NovacoreError("identity_revoked");
    const { id, type } = identity;
    if (type !== "gateway" && type !== "device") {
      throw new NovacoreError("forbidden", `${id} is no gateway or device but of type ${type}.`);
    }
    if (!(await options.isClaimed(id))) throw new NovacoreError("gateway_released");
    return { accepted: true, identityId: id, identityType: type };
  } catch (error) {
    if (!(error instanceof NovacoreError)) throw error;
    return { accepted: false, code: error.code, reason: error.message };
  }
}

/** No longer credential is read: verifying costs, and nobody has proved anything yet. */
const credentialMax = 8 * 1024;

async function identify(attempt: LoginAttempt, options: LoginOptions): Promise<Identity> {
  const { username, password, token, nkey } = attempt;
  const credential = password ?? token;
  if (credential !== undefined && credential !== "") {
    if (credential.length > credentialMax) throw new NovacoreError("unauthenticated");
    const id = await holderOf(credential, options);
    // With a username the credential must be its own: nobody logs in as another.
    if (username !== undefined && username !== "" && username !== id) {
      const reason = `The credential belongs to ${id}, not to the username.`;
      throw new NovacoreError("unauthenticated", reason);
    }
    return known(await options.identity(id));
  }
  const key = nkey === undefined ? undefined : fromNkey(nkey);
  if (key === undefined) throw new NovacoreError("unauthenticated", "No credential was given.");
  return known(await options.identityByKey(key.hex));
}

async function holderOf(credential: string, options: LoginOptions): Promise<string> {
  if (deviceOf(credential) === undefined) return options.tokenHolder(credential);
  return (await readDeviceJwt(credential, options.jwt())).identityId;
}

function known(identity: Identity | undefined): Identity {
  if (identity === undefined) throw new NovacoreError("key_unknown");
  return identity;
}
