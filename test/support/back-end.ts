import { createPrivateKey, createPublicKey, type KeyObject, randomUUID, sign } from "node:crypto";
import {
  type ConnectionOptions,
  connect,
  type NatsConnection,
  wsconnect,
} from "@nats-io/transport-node";
import { es256 } from "../conformance/login-rows.ts";
import { createApi, type Home } from "./home.ts";

/** An integration of a home, with the key that the hub made for it. */
export interface BackEnd {
  readonly id: string;
  readonly orgId: string;
  readonly key: KeyObject;
  /** A JWT that it signs itself, good for ten minutes. */
  loginJwt(): string;
}

export interface BackEndOptions {
  /** Default: one that no other has. */
  readonly name?: string;
  readonly siteIds?: readonly string[];
}

export async function createBackEnd(
  home: Pick<Home, "url" | "token" | "orgId">,
  { name = `Back end ${randomUUID()}`, siteIds }: BackEndOptions = {},
): Promise<BackEnd> {
  const api = createApi(home.url, home.token);
  const { id, private_key } = await api("POST", `/organizations/${home.orgId}/integrations`, {
    ...{ name, scopes: ["telemetry:read"], generate: true },
    ...(siteIds !== undefined && { site_ids: siteIds }),
  });
  const key = createPrivateKey(private_key.pem);
  return { id, orgId: home.orgId, key, loginJwt: () => signLogin(id, key) };
}

export function signLogin(id: string, key: KeyObject, lifetimeSeconds = 600): string {
  const now = Math.floor(Date.now() / 1000);
  return es256({ device: id }, { iat: now, exp: now + lifetimeSeconds, jti: randomUUID() }, key);
}

/** Logs in over REST, as a machine does: by a challenge that its ES256 key signs. */
export async function backEndToken(url: string, { key }: Pick<BackEnd, "key">): Promise<string> {
  const api = createApi(url);
  const public_key = createPublicKey(key).export({ format: "jwk" });
  const { challenge } = await api("POST", "/auth/challenge", { public_key });
  const signed = sign("sha256", Buffer.from(challenge), { key, dsaEncoding: "ieee-p1363" });
  const signature = signed.toString("base64url");
  return (await api("POST", "/auth/verify", { public_key, challenge, signature })).token;
}

/** Connects a back end over TCP, or over WebSocket for `ws:` addresses. */
export async function connectBackEnd(
  url: string,
  { id, loginJwt }: Pick<BackEnd, "id" | "loginJwt">,
  options: ConnectionOptions = {},
): Promise<NatsConnection> {
  const open = url.startsWith("ws") ? wsconnect : connect;
  return open({
    ...{ servers: url, user: id, pass: loginJwt(), reconnect: false },
    inboxPrefix: `_INBOX_${id}`,
    // Longer than the hub looks for connections of somebody whom it cuts off.
    reconnectTimeWait: 500,
    ...options,
  });
}
