import type { ConnectionOptions, NatsConnection } from "@nats-io/nats-core";
import { createCredentials } from "./credentials.ts";
import { NovacoreError, toNovacoreError } from "./errors.ts";
import type { NatsWay } from "./nats-way.ts";
import { Rest } from "./rest.ts";
import type { Credential } from "./transport.ts";
import { withoutSecret } from "./without-secret.ts";

/** `connect` of `@nats-io/transport-node`, or `wsconnect` of `@nats-io/nats-core`. */
export type NatsConnect = (options: ConnectionOptions) => Promise<NatsConnection>;

/** What the hub says of an integration at `GET /nats/credentials`. */
export interface NatsLogin {
  readonly integration_id: string | null;
  readonly org_id: string;
  /** Addresses, separated by commas. */
  readonly urls: { readonly nats: string; readonly websocket: string };
  readonly inbox_prefix: string;
  /** What it may subscribe to: `orgs.{org}.>`, or one `orgs.{org}.sites.{site}.>` for each site. */
  readonly subjects: readonly string[];
}

/**
 * Asks the hub, so that a credential which is not good any more is refused with its reason: NATS has
 * one sentence for all of them. Throws NovacoreError, or the signal's reason.
 */
export async function readNatsLogin(
  baseUrl: string,
  token: string,
  signal: AbortSignal,
): Promise<NatsLogin> {
  const credentials = createCredentials(token, (text) => ({ kind: "token", token: text }));
  const rest = new Rest(baseUrl, credentials);
  try {
    const login = await rest.request<NatsLogin>("GET", "nats/credentials", { signal });
    if (login.integration_id !== null) return login;
  } catch (error) {
    // A person is asked to name an organization; an integration has one.
    if (!(error instanceof NovacoreError) || error.code !== "validation_failed") throw error;
  }
  throw new NovacoreError(
    "forbidden",
    "NATS is open to integrations alone: use the token or key of one, or the transport websocket.",
  );
}

/** The token that goes over NATS. Throws `options_invalid` where there is none. */
export function natsTokenOf(credential: Credential | undefined): string {
  if (credential?.kind === "token") return credential.token;
  const given = credential === undefined ? "No credential" : "A ticket";
  const message = `${given} opens no NATS connection: give a token or a key of an integration.`;
  throw new NovacoreError("options_invalid", message);
}

/** Logs in, once: coming back is the stream's business. Throws NovacoreError. */
export async function logIn(
  { connect, servers, isTlsDemanded }: NatsWay,
  token: string,
  { inbox_prefix: inboxPrefix }: NatsLogin,
): Promise<NatsConnection> {
  try {
    const tls = isTlsDemanded ? { tls: {} } : {};
    return await connect({ servers: [...servers], token, inboxPrefix, reconnect: false, ...tls });
  } catch (thrown) {
    throw loginError(thrown, servers);
  }
}

/** The hub has just taken the token, so whatever NATS says against it passes. */
function loginError(thrown: unknown, servers: readonly string[]): NovacoreError {
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  const options = { cause: thrown };
  if (/maximum .*connections/i.test(reason)) {
    return new NovacoreError("too_many_connections", `NATS: ${reason}.`, options);
  }
  if (thrown instanceof Error && thrown.name === "AuthorizationError") {
    const message = `NATS refused the login: ${reason}. The hub's log says why, as login_refused.`;
    return new NovacoreError("unavailable", message, options);
  }
  return toNovacoreError(thrown, `NATS at ${servers.map(withoutSecret).join(", ")}`);
}
