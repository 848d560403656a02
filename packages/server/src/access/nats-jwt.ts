import type { KeyObject } from "node:crypto";
import { isPublicKey, type Nkey, readPublicKey, verifyNkey } from "../nats/nkeys.ts";
import type { Permissions, Transport } from "../nats/permissions.ts";

/** What nats-server tells about a connection that wants in; empty members are undefined. */
export interface AuthorizationRequest {
  /** The server that asks: the answer is for it alone. */
  readonly serverId: string;
  /** Made by the server for this one login: what keeps answers from being replayed. */
  readonly userNkey: string;
  /** When the server stops waiting for the answer, epoch milliseconds. */
  readonly expiresAt: number;
  readonly transport: Transport;
  /** The client's address. */
  readonly host: string | undefined;
  readonly mqttClientId: string | undefined;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly token: string | undefined;
  readonly nkey: string | undefined;
  readonly signature: string | undefined;
  readonly nonce: string | undefined;
}

const jwtBytesMax = 64 * 1024;

/**
 * Reads the JWT of `$SYS.REQ.USER.AUTH`. Throws unless a server signed it, for this issuer and this
 * purpose. The message of the Error repeats nothing of the request, which holds credentials.
 */
export function readAuthorizationRequest(jwt: string, issuer: string): AuthorizationRequest {
  const claims = verifiedClaims(jwt);
  const nats = record(claims.nats);
  const client = record(nats.client_info);
  const options = record(nats.connect_opts);
  const serverId = text(record(nats.server_id).id);
  const userNkey = text(nats.user_nkey);
  if (claims.aud !== "nats-authorization-request" || nats.type !== "authorization_request") {
    throw new Error("the JWT is no authorization request");
  }
  if (claims.sub !== issuer) throw new Error("the request is for another issuer");
  if (serverId === undefined || serverId !== claims.iss) {
    throw new Error("the request is not signed by the server that it names");
  }
  if (userNkey === undefined || !isPublicKey(userNkey, "user")) {
    throw new Error("the request names no user key");
  }
  return {
    serverId,
    userNkey,
    expiresAt: typeof claims.exp === "number" ? claims.exp * 1000 : 0,
    transport: transportOf(client),
    host: text(client.host),
    mqttClientId: text(client.mqtt_id),
    username: text(options.user),
    password: text(options.pass),
    token: text(options.auth_token),
    nkey: text(options.nkey),
    signature: text(options.sig),
    nonce: text(client.nonce),
  };
}

/** Whether the client signed this connection's nonce with the nkey that it names. */
export function provesNkey({ nkey, signature, nonce }: AuthorizationRequest): boolean {
  if (nkey === undefined || signature === undefined || nonce === undefined) return false;
  const key = readPublicKey(nkey, "user");
  // Clients write the signature in base64 or base64url; Node reads both.
  return key !== undefined && verifyNkey(key, nonce, Buffer.from(signature, "base64"));
}

/** Who a connection is to nats-server. */
export interface NatsUser {
  readonly name: string;
  readonly account: string;
  readonly permissions: Permissions;
}

/** The answer that lets a connection in. */
export function acceptLogin(request: AuthorizationRequest, issuer: Nkey, user: NatsUser): string {
  const { publish, subscribe } = user.permissions;
  const jwt = signJwt(issuer, request.userNkey, user.account, {
    name: user.name,
    nats: {
      pub: { allow: publish },
      sub: { allow: subscribe },
      subs: -1,
      data: -1,
      payload: -1,
      type: "user",
      version: 2,
    },
  });
  return response(request, issuer, { jwt });
}

/** The answer that keeps a connection out: an explicit one, so that nobody waits for a timeout. */
export function refuseLogin(request: AuthorizationRequest, issuer: Nkey, error: string): string {
  return response(request, issuer, { error });
}

function response(request: AuthorizationRequest, issuer: Nkey, answer: object): string {
  return signJwt(issuer, request.userNkey, request.serverId, {
    nats: { ...answer, type: "authorization_response", version: 2 },
  });
}

const header = Buffer.from('{"typ":"JWT","alg":"ed25519-nkey"}').toString("base64url");

function signJwt(issuer: Nkey, subject: string, audience: string, claims: object): string {
  const iat = Math.floor(Date.now() / 1000);
  const payload = JSON.stringify({
    iat,
    iss: issuer.publicKey,
    sub: subject,
    aud: audience,
    ...claims,
  });
  const signed = `${header}.${Buffer.from(payload).toString("base64url")}`;
  return `${signed}.${issuer.sign(signed).toString("base64url")}`;
}

function verifiedClaims(jwt: string): Record<string, unknown> {
  const [head, payload, signature, ...rest] = jwt.split(".");
  if (jwt.length > jwtBytesMax || !head || !payload || !signature || rest.length > 0) {
    throw new Error("the request is no JWT");
  }
  const claims = record(JSON.parse(Buffer.from(payload, "base64url").toString()));
  const key = serverKey(text(claims.iss) ?? "");
  if (!verifyNkey(key, `${head}.${payload}`, Buffer.from(signature, "base64url"))) {
    throw new Error("the request's signature does not verify");
  }
  return claims;
}

/** A cluster has a few servers, each with a new key at every start. */
const serverKeysMax = 64;
const serverKeys = new Map<string, KeyObject>();

function serverKey(id: string): KeyObject {
  const known = serverKeys.get(id);
  if (known !== undefined) return known;
  const key = readPublicKey(id, "server");
  if (key === undefined) throw new Error("the request is not signed by a server");
  if (serverKeys.size >= serverKeysMax) serverKeys.clear();
  serverKeys.set(id, key);
  return key;
}

function transportOf(client: Record<string, unknown>): Transport {
  const { kind, type } = client;
  if (kind === "Client" && (type === "nats" || type === "mqtt" || type === "websocket"))
    return type;
  throw new Error(`connections of type ${String(kind)}/${String(type)} do not log in here`);
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
