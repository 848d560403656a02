import { randomBytes } from "node:crypto";
import { AuthorizationError, connect, type NatsConnection } from "@nats-io/transport-node";
import type { HubAccount, HubKeys } from "./hub-keys.ts";
import type { Nkey } from "./nkeys.ts";

/** What a connection needs of a nats-server. */
export interface NatsAddress {
  /** One or more servers, separated by commas. */
  readonly natsUrl: string;
  readonly keys: HubKeys;
}

/**
 * Connects the hub to one of its accounts. Rejects with one sentence when the first attempt fails;
 * after that it never gives up: publishing while disconnected is buffered by the client library
 * and lost with the connection, so writers must gate on `connection.status()`.
 */
export async function connectHub(
  nats: NatsAddress,
  account: HubAccount,
  name: string,
): Promise<NatsConnection> {
  try {
    return await connect({
      servers: nats.natsUrl.split(",").map((server) => server.trim()),
      name: `novacore ${name}`,
      authenticator: authenticate(nats.keys.users[account]),
      // No serial makes it a gateway's inbox (`_INBOX_{serial}`), and nobody can guess it: a client
      // that names another's inbox as its reply subject makes the server write there.
      inboxPrefix: `_HUB_INBOX_${randomBytes(12).toString("hex")}`,
      maxReconnectAttempts: -1,
      // Short: until the callout is back, every gateway's login waits for it (natsAuthMs).
      reconnectTimeWait: 50,
      reconnectJitter: 100,
      // A server that is still starting may refuse us for a moment; giving up is never right.
      ignoreAuthErrorAbort: true,
      pingInterval: 10_000,
      maxPingOut: 2,
      timeout: 5_000,
      noAsyncTraces: true,
    });
  } catch (cause) {
    throw new Error(failureSentence(withoutSecret(nats.natsUrl), cause), { cause });
  }
}

/** A server's address as it may be shown: without the user and password that a URL can hold. */
export function withoutSecret(url: string): string {
  return url.replaceAll(/\/\/[^@/,]*@/g, "//");
}

function failureSentence(url: string, cause: unknown): string {
  if (cause instanceof AuthorizationError) {
    return (
      `The nats-server at ${url} does not let the hub in; ` +
      "add what --print-nats-config prints to its configuration and restart it."
    );
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  return `Could not reach nats-server at ${url} (${reason}); start it, or correct NATS_URL.`;
}

/** Signs the server's nonce with node:crypto: the library's own signature takes 32 ms. */
function authenticate(key: Nkey): (nonce?: string) => { nkey: string; sig: string } {
  return (nonce) => ({
    nkey: key.publicKey,
    sig: key.sign(nonce ?? "").toString("base64url"),
  });
}
