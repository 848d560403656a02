import type { NatsConnection } from "@nats-io/transport-node";
import { type ErrorCode, namePattern } from "@novacore/protocol";
import { limits } from "../limits.ts";
import type { Nkey } from "../nats/nkeys.ts";
import {
  backEndPermissions,
  devicePermissions,
  isReservedName,
  type Transport,
} from "../nats/permissions.ts";
import type { LoginAttempt, LoginOutcome } from "./login.ts";
import { MqttClientIds } from "./mqtt-client-ids.ts";
import {
  type AuthorizationRequest,
  acceptLogin,
  type NatsUser,
  provesNkey,
  readAuthorizationRequest,
  refuseLogin,
} from "./nats-jwt.ts";
import { RefusalLog, type RefusalLogger } from "./refusal-log.ts";

export interface CalloutOptions {
  /** Of the account AUTH. */
  readonly connection: NatsConnection;
  /** Signs the answers: the issuer of nats-server's configuration. */
  readonly signing: Nkey;
  readonly login: (attempt: LoginAttempt) => Promise<LoginOutcome>;
  readonly log: RefusalLogger;
  readonly metrics?: { readonly logins: { inc(labels: { result: string }): void } };
}

export interface Callout {
  /**
   * Refuses the logins of an identity that are being checked right now: they may have read the
   * registry just before it was revoked. Call it before kicking the identity's connections.
   */
  revoke(identityId: string): void;
  /** Refuses an identity for a while: it disturbs the others. Then kick its connections. */
  block(identityId: string, ms: number): void;
  /** Stops taking logins and waits for those under way. */
  stop(): Promise<void>;
}

/**
 * Answers nats-server's question whether a connection may come in, as one of a queue group of all
 * hubs. At most `loginsAtOnceMax` are checked at once and `loginsQueuedMax` wait; whatever happens,
 * the server gets an explicit answer. Resolves once the server knows of the subscription.
 */
export async function startCallout(options: CalloutOptions): Promise<Callout> {
  const { connection, signing: issuer, metrics } = options;
  const refusals = new RefusalLog(options.log);
  const clientIds = new MqttClientIds();
  const checking = new Set<Check>();
  const blockedUntilMs = new Map<string, number>();
  const waiting: Question[] = [];
  const idle: (() => void)[] = [];

  const answer = async ({ request, respond }: Question): Promise<void> => {
    const check: Check = { revoked: new Set() };
    checking.add(check);
    const outcome = await decide(request, options.login, clientIds);
    checking.delete(check);
    const verdict = stillGood(outcome, check, blockedUntilMs);
    metrics?.logins.inc({ result: verdict.accepted ? "accepted" : verdict.code });
    if (!verdict.accepted) {
      refusals.write(request, verdict);
      return respond(refuseLogin(request, issuer, verdict.code));
    }
    if (verdict.identityType === "integration") refusals.admit(request, verdict);
    respond(acceptLogin(request, issuer, userOf(verdict, request.transport)));
  };

  const next = (): void => {
    while (checking.size < limits.loginsAtOnceMax) {
      const question = waiting.shift();
      if (question === undefined) break;
      // The server has given up on it and refused the client itself.
      if (question.request.expiresAt < Date.now()) continue;
      void answer(question).finally(next);
    }
    if (checking.size === 0) for (const resolve of idle.splice(0)) resolve();
  };

  const subscription = connection.subscribe("$SYS.REQ.USER.AUTH", {
    queue: "novacore-auth",
    callback: (error, message) => {
      if (error !== null) return refusals.fail(error);
      try {
        const request = readAuthorizationRequest(message.string(), issuer.publicKey);
        const respond = (jwt: string) => void message.respond(jwt);
        if (waiting.length >= limits.loginsQueuedMax) {
          return respond(refuseLogin(request, issuer, "unavailable"));
        }
        waiting.push({ request, respond });
        next();
      } catch (cause) {
        // Not from a server: whoever wrote it gets no answer to learn from.
        refusals.fail(cause);
      }
    },
  });

  await connection.flush();
  return {
    revoke: (identityId) => {
      clientIds.forget(identityId);
      for (const check of checking) check.revoked.add(identityId);
    },
    block: (identityId, ms) => {
      const nowMs = Date.now();
      for (const [id, untilMs] of blockedUntilMs) if (untilMs <= nowMs) blockedUntilMs.delete(id);
      blockedUntilMs.set(identityId, nowMs + ms);
    },
    stop: async () => {
      try {
        // Bounded: a server that is away does not answer.
        await withTimeout(subscription.drain(), limits.loginMs);
      } catch (error) {
        refusals.fail(error);
      }
      await new Promise<void>((resolve) => {
        idle.push(resolve);
        next();
      });
    },
  };
}

interface Question {
  readonly request: AuthorizationRequest;
  respond(jwt: string): void;
}

/** A login under way, and who was revoked meanwhile. */
interface Check {
  readonly revoked: Set<string>;
}

/** Where somebody is let in, and as whom: under the id by which he can be cut off again. */
function userOf(login: LoginOutcome & { accepted: true }, transport: Transport): NatsUser {
  const { identityId: name, identityType } = login;
  switch (identityType) {
    case "gateway":
    case "device":
      return { name, account: "DEV", permissions: devicePermissions(name, transport) };
    case "integration":
      return { name, account: `EXT_${login.slot}`, permissions: backEndPermissions(login) };
  }
}

/** What has happened to the identity while its login was being checked. */
function stillGood(
  outcome: LoginOutcome,
  check: Check,
  blockedUntilMs: ReadonlyMap<string, number>,
): LoginOutcome {
  if (!outcome.accepted) return outcome;
  if (check.revoked.has(outcome.identityId)) {
    return refused("identity_revoked", "revoked while it logged in");
  }
  if ((blockedUntilMs.get(outcome.identityId) ?? 0) > Date.now()) {
    return refused("rate_limited", "it sent more than it may; it may come back shortly");
  }
  return outcome;
}

/** Never throws: what goes wrong inside is a refusal, with the reason for the log. */
async function decide(
  request: AuthorizationRequest,
  login: (attempt: LoginAttempt) => Promise<LoginOutcome>,
  clientIds: MqttClientIds,
): Promise<LoginOutcome> {
  const { username, password, token, nkey, transport, mqttClientId } = request;
  if (username === undefined && token === undefined && nkey === undefined) {
    return refused("unauthenticated", "no credentials");
  }
  if (username !== undefined && isReservedName(username)) {
    return refused("unauthenticated", "a name that the hub keeps for itself");
  }
  try {
    if (nkey !== undefined && !provesNkey(request)) {
      return refused("signature_invalid", "the nonce is not signed by the nkey");
    }
    const attempt = { username, password, token, nkey, transport };
    const outcome = await withTimeout(login(attempt), limits.loginMs);
    if (!outcome.accepted) return outcome;
    const { identityId } = outcome;
    if (!namePattern.test(identityId) || isReservedName(identityId)) {
      return refused("internal", "the identity's id cannot stand in a subject");
    }
    if (mqttClientId !== undefined && !clientIds.take(mqttClientId, identityId)) {
      return refused("conflict", "the MQTT client id is another identity's");
    }
    return outcome;
  } catch (error) {
    return refused("unavailable", error instanceof Error ? error.message : String(error));
  }
}

function refused(code: ErrorCode, reason: string): LoginOutcome & { accepted: false } {
  return { accepted: false, code, reason };
}

async function withTimeout<T>(work: Promise<T>, ms: number): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`not done in ${ms} ms`)), ms);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
