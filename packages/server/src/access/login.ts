import { type ErrorCode, NovacoreError } from "@novacore/protocol";
import type { BackEnd } from "../nats/permissions.ts";
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
  | ({ readonly accepted: true; readonly identityType: "integration" } & BackEndLogin)
  /** `reason` is for the log; the client learns nothing but that it was refused. */
  | { readonly accepted: false; readonly code: ErrorCode; readonly reason: string };

/** A back end that was let in, and what it may see. */
export interface BackEndLogin extends BackEnd {
  /** Of the account EXT_{slot}. */
  readonly slot: number;
}

export interface LoginOptions {
  readonly jwt: () => DeviceJwtOptions;
  /** Who a token of the hub belongs to; throws when it is not valid. */
  readonly tokenHolder: (token: string) => Promise<string>;
  readonly identity: (id: string) => Promise<Identity | undefined>;
  readonly identityByKey: (publicKey: string) => Promise<Identity | undefined>;
  readonly isClaimed: (serial: string) => Promise<boolean>;
  /**
   * What an integration reaches, `orgId` being the organization that it named, if any. Throws what
   * says why it is not let in.
   */
  readonly backEnd: (identityId: string, orgId: string | undefined) => Promise<BackEndLogin>;
}

/**
 * Decides a login to NATS, MQTT or WebSocket: username = serial or identity id with a self-signed
 * JWT or a token of the hub as password; either of them as NATS token; or a registered Ed25519 key
 * as nkey. Only claimed gateways and devices get in, and, but for MQTT, integrations that an
 * organization has approved. Never throws for a refusal.
 */
export async function login(attempt: LoginAttempt, options: LoginOptions): Promise<LoginOutcome> {
  try {
    const identity = await identify(attempt, options);
    if (identity.revokedAt !== null) throw new NovacoreError("identity_revoked");
    const { id, type } = identity;
    if (type === "integration") {
      if (attempt.transport === "mqtt") {
        throw new NovacoreError("forbidden", "Back ends use NATS; MQTT is for gateways.");
      }
      const backEnd = await options.backEnd(id, splitUsername(attempt.username).orgId);
      return { accepted: true, identityType: type, ...backEnd };
    }
    if (type !== "gateway" && type !== "device") {
      const sentence = `${id} is of type ${type}; only gateways, devices and integrations log in.`;
      throw new NovacoreError("forbidden", sentence);
    }
    // Read as one name: a gateway works for whoever has claimed it, and names nobody.
    if (splitUsername(attempt.username).orgId !== undefined) {
      throw new NovacoreError("unauthenticated", "A gateway's username is its serial alone.");
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
    if (username !== undefined && username !== "" && splitUsername(username).id !== id) {
      const reason = `The credential belongs to ${id}, not to the username.`;
      throw new NovacoreError("unauthenticated", reason);
    }
    return known(await options.identity(id));
  }
  const key = nkey === undefined ? undefined : fromNkey(nkey);
  if (key === undefined) throw new NovacoreError("unauthenticated", "No credential was given.");
  return known(await options.identityByKey(key.hex));
}

/** A back end may write `{identity id}@{organization}`: a wrong organization is then refused. */
function splitUsername(username = ""): { id: string; orgId: string | undefined } {
  const at = username.indexOf("@");
  if (at < 0) return { id: username, orgId: undefined };
  return { id: username.slice(0, at), orgId: username.slice(at + 1) };
}

async function holderOf(credential: string, options: LoginOptions): Promise<string> {
  if (deviceOf(credential) === undefined) return options.tokenHolder(credential);
  return (await readDeviceJwt(credential, options.jwt())).identityId;
}

function known(identity: Identity | undefined): Identity {
  if (identity === undefined) throw new NovacoreError("key_unknown");
  return identity;
}
