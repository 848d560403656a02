import type { ErrorCode, ErrorDetail } from "@novacore/protocol";

/** What goes wrong on this side of the wire; the hub's own codes stand in docs/errors.md. */
export type ClientErrorCode =
  /** The hub cannot be reached, or what answers there is no hub. */
  | "unreachable"
  /** A connection ended without a reason. */
  | "connection_lost"
  /** A connection was silent for three heartbeats, or did not open in time, and was given up. */
  | "connection_silent"
  /** The hub answered something that its protocol does not have. */
  | "answer_invalid"
  /** The options contradict one another, or are out of range. */
  | "options_invalid"
  /** A gateway's spool could not be written or read. */
  | "spool_failed"
  /** More was published than the gateway's disk takes in time. */
  | "spool_busy"
  /** A gateway's spool is open already, in this process or another. */
  | "spool_in_use"
  /** The gateway is closed. */
  | "closed";

/** Known codes complete in editors; a newer hub may send others. */
export type NovacoreErrorCode = ErrorCode | ClientErrorCode | (string & {});

export interface NovacoreErrorOptions {
  /** HTTP status, where there was an answer. */
  readonly status?: number | undefined;
  readonly details?: readonly ErrorDetail[] | undefined;
  /** Whether the same can succeed later without being changed. Default: by the code. */
  readonly isRetryable?: boolean | undefined;
  /** When the hub asked to come back, milliseconds from its answer. */
  readonly retryMs?: number | undefined;
  readonly cause?: unknown;
}

/** Every failure that a caller sees. Callers branch on `code`; people read `message`. */
export class NovacoreError extends Error {
  override readonly name = "NovacoreError";
  readonly code: NovacoreErrorCode;
  readonly status: number | undefined;
  readonly details: readonly ErrorDetail[];
  readonly isRetryable: boolean;
  readonly retryMs: number | undefined;

  constructor(code: NovacoreErrorCode, message: string, options: NovacoreErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = options.status;
    this.details = options.details ?? [];
    this.isRetryable = options.isRetryable ?? retryableCodes.has(code);
    this.retryMs = options.retryMs;
  }
}

/**
 * What a connection comes back after by itself. The hub's table of errors says the same; it is not
 * bundled, as its sentences are longer than this package, so a test compares them.
 */
export const retryableCodes: ReadonlySet<string> = new Set<ErrorCode | ClientErrorCode>([
  ...(["unreachable", "connection_lost", "connection_silent"] as const),
  ...(["rate_limited", "too_many_connections", "unavailable", "query_timeout"] as const),
  ...(["archive_behind", "too_many_days"] as const),
  ...(["internal", "auth_timeout", "slow_consumer", "going_away", "peer_silent"] as const),
]);

/** What a newer token or ticket mends, and nothing else does. */
export const credentialCodes: ReadonlySet<string> = new Set<ErrorCode>([
  "token_expired",
  "unauthenticated",
  "ticket_invalid",
]);

/** Whatever was thrown, as an error of ours; what is none yet is a connection that failed. */
export function toNovacoreError(thrown: unknown, what: string): NovacoreError {
  if (thrown instanceof NovacoreError) return thrown;
  return new NovacoreError("unreachable", `${what}: ${reasonOf(thrown)}`, { cause: thrown });
}

/** Of a failed `fetch`, Node tells in the cause what it was. */
function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const { message, cause } = thrown;
  return cause instanceof Error && cause.message !== "" ? `${message}: ${cause.message}` : message;
}
