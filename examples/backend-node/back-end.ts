import { createPrivateKey, randomUUID, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import {
  connect,
  type Msg,
  type NatsConnection,
  usernamePasswordAuthenticator,
} from "@nats-io/transport-node";

const dataDir =
  process.env.NOVACORE_DATA_DIR ?? new URL("../../.novacore", import.meta.url).pathname;

/** What create-integration.mjs has written. */
interface BackEnd {
  readonly integration_id: string;
  readonly org_id: string;
  readonly base_url: string;
  readonly nats_url: string;
}

export const backEnd: BackEnd = JSON.parse(readFileSync(`${dataDir}/back-end.json`, "utf8"));
const key = createPrivateKey(readFileSync(`${dataDir}/back-end-key.pem`));

/** Comes back by itself, for as long as it takes. */
export async function connectBackEnd(): Promise<NatsConnection> {
  const { nats_url: servers, integration_id: id } = backEnd;
  const connection = await connect({
    servers,
    // A function: each connection logs in with a JWT of its own.
    authenticator: usernamePasswordAuthenticator(id, loginJwt),
    inboxPrefix: `_INBOX_${id}`,
    maxReconnectAttempts: -1,
    // While the hub starts, logins are refused; that is no reason to give up.
    ignoreAuthErrorAbort: true,
  });
  void tell(connection);
  return connection;
}

/** ES256, ten minutes; connections outlive it. REST takes it as bearer token as well. */
export function loginJwt(): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const iat = Math.floor(Date.now() / 1000);
  const header = encode({ alg: "ES256", typ: "JWT", device: backEnd.integration_id });
  const payload = encode({ iat, exp: iat + 600, jti: randomUUID() });
  const text = `${header}.${payload}`;
  const signature = sign("sha256", Buffer.from(text), { key, dsaEncoding: "ieee-p1363" });
  return `${text}.${signature.toString("base64url")}`;
}

export function printReading(message: Pick<Msg, "json">): void {
  const { type, W, timestamp } = message.json<{ type: string; W?: number; timestamp: number }>();
  console.log(`${new Date(timestamp).toISOString()} ${type.padEnd(10)} ${W} W`);
}

async function tell(connection: NatsConnection): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === "error") console.error(status.error.message);
    if (status.type === "disconnect") console.error("the connection is lost; trying again");
    if (status.type === "reconnect") console.error("connected again");
  }
}
