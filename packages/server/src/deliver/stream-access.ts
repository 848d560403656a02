import type { IncomingHttpHeaders } from "node:http";
import { setImmediate } from "node:timers/promises";
import { type ErrorCode, NovacoreError } from "@novacore/protocol";
import { limits } from "../limits.ts";
import type { StreamSite } from "./filters.ts";

/** Who listens. */
export interface StreamCaller {
  readonly identityId: string;
  /** When the token ends, epoch ms: the stream ends with it. */
  readonly expiresAt: number;
  /** Only for stream tickets: the sites it is for. */
  readonly sites?: readonly string[];
}

/** What a stream is about: some sites, those of some devices or DERs, or an organization's. */
export type StreamScope =
  | { readonly kind: "sites"; readonly siteIds: readonly string[] }
  | { readonly kind: "devices"; readonly deviceIds: readonly string[] }
  | { readonly kind: "ders"; readonly derIds: readonly string[] }
  | { readonly kind: "org"; readonly orgId: string };

/** What may have changed what somebody may see. */
export type GrantsChange =
  /** Somebody's membership. */
  | { readonly kind: "member"; readonly identityId: string }
  /** A site is new, gone, or another organization's; undefined where that is not known. */
  | { readonly kind: "site"; readonly siteId: string; readonly orgId: string | undefined }
  /** Devices stand elsewhere. */
  | { readonly kind: "devices" }
  /** News may have been missed. */
  | { readonly kind: "unknown" };

/** The head of a request to listen, as HTTP and WebSocket have it. */
export interface ListenRequest {
  readonly headers: IncomingHttpHeaders;
  readonly url?: string | undefined;
}

/** What a client shows inside a connection instead. */
export interface Credential {
  readonly token?: string | undefined;
  readonly ticket?: string | undefined;
}

/**
 * What deliver needs of access: who somebody is and what they may see, asked when a stream opens
 * and again when grants may have changed. Every transport asks here and nowhere else.
 */
export interface StreamAccess<Caller extends StreamCaller = StreamCaller> {
  /**
   * By `Authorization`, `?ticket=`, or the session cookie of an allowed origin. Throws
   * `unauthenticated` and the like; undefined where the request shows nothing of the kind.
   */
  authenticate(request: ListenRequest): Promise<Caller | undefined>;
  /** Throws `unauthenticated` and the like. */
  authenticateBy(credential: Credential): Promise<Caller>;
  /** Throws `not_found` or `forbidden`. */
  authorizeSite(caller: Caller, siteId: string): Promise<StreamSite>;
  /** The site that a device stands on. Throws `not_found` or `forbidden`. */
  authorizeDevice(caller: Caller, deviceId: string): Promise<StreamSite>;
  /** The site that a DER's device stands on. Throws `not_found` or `forbidden`. */
  authorizeDer(caller: Caller, derId: string): Promise<StreamSite>;
  /** The sites of an organization that the caller may see now. Throws `not_found` or `forbidden`. */
  authorizeOrg(caller: Caller, orgId: string): Promise<readonly StreamSite[]>;
  /** Calls back when an identity must be cut off at once. */
  onRevoked(listener: (identityId: string, why: ErrorCode) => void): () => void;
  /** Calls back after members, sites or devices have changed: streams are checked again. */
  onGrantsChanged(listener: (change: GrantsChange) => void): () => void;
  /** A read-only token for these sites, which the caller was found to see. */
  issueTicket(
    caller: Caller,
    siteIds: readonly string[],
  ): Promise<{ readonly ticket: string; readonly expires_at: string }>;
}

/** Who sends a request. Throws `unauthenticated` and the like. */
export async function listenerOf<Caller extends StreamCaller>(
  access: StreamAccess<Caller>,
  request: ListenRequest,
): Promise<Caller> {
  const caller = await access.authenticate(request);
  if (caller === undefined) throw new NovacoreError("unauthenticated");
  return caller;
}

/**
 * The sites of a scope, as the caller sees them now. Throws `not_found` or `forbidden` where one of
 * them is not for the caller; with `remaining` only where none is left.
 */
export async function resolveScope<Caller extends StreamCaller>(
  access: StreamAccess<Caller>,
  caller: Caller,
  scope: StreamScope,
  wanted: "all" | "remaining" = "all",
): Promise<readonly StreamSite[]> {
  switch (scope.kind) {
    case "sites":
      return askEach(scope.siteIds, (id) => access.authorizeSite(caller, id), wanted);
    case "devices":
      return askEach(scope.deviceIds, (id) => access.authorizeDevice(caller, id), wanted);
    case "ders":
      return askEach(scope.derIds, (id) => access.authorizeDer(caller, id), wanted);
    case "org":
      return access.authorizeOrg(caller, scope.orgId);
  }
}

/** A few at a time: the database answers without a pause, and others have to be heard meanwhile. */
async function askEach(
  ids: readonly string[],
  ask: (id: string) => Promise<StreamSite>,
  wanted: "all" | "remaining",
): Promise<readonly StreamSite[]> {
  const sites = new Map<string, StreamSite>();
  let refusal: NovacoreError | undefined;
  for (let i = 0; i < ids.length; i += limits.questionsPerTurn) {
    if (i > 0) await setImmediate();
    const portion = ids.slice(i, i + limits.questionsPerTurn);
    for (const answer of await Promise.all(portion.map((id) => answerOf(ask(id))))) {
      if (!(answer instanceof NovacoreError)) sites.set(answer.siteId, answer);
      else if (wanted === "all") throw answer;
      else refusal ??= answer;
    }
  }
  if (sites.size === 0 && refusal !== undefined) throw refusal;
  return [...sites.values()];
}

/** A refusal is an answer; a registry that cannot answer is none. */
async function answerOf(question: Promise<StreamSite>): Promise<StreamSite | NovacoreError> {
  try {
    return await question;
  } catch (error) {
    if (error instanceof NovacoreError && error.status < 500) return error;
    throw error;
  }
}
