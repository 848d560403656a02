/**
 * Every error that Novacore tells a client, in one table. Codes are for machines and never reused;
 * sentences are for people. `docs/errors.md` is compared with this table by a test, both ways.
 */
interface ErrorRow {
  /** HTTP status on REST and SSE. */
  readonly status: number;
  /**
   * WebSocket close code where the error ends the connection: 4000–4499 reconnect, 4500–4999 do not,
   * others as RFC 6455 has them.
   */
  readonly close?: number;
  /** Whether the same request can succeed later without being changed. */
  readonly retryable: boolean;
  /** What happened, and what to do; a thrown error may carry a more exact sentence with the value. */
  readonly sentence: string;
}

const row = (status: number, retryable: boolean, sentence: string, close?: number): ErrorRow =>
  close === undefined ? { status, retryable, sentence } : { status, retryable, sentence, close };

/** Every code, with what it means on each transport. */
export const errorTable = {
  // Requests
  malformed_request: row(400, false, "The request could not be read; check its syntax."),
  validation_failed: row(422, false, "A field has a value that is not allowed; see details."),
  payload_too_large: row(
    413,
    false,
    "The body is larger than allowed; send smaller batches.",
    1009,
  ),
  not_acceptable: row(406, false, "None of the types in Accept is one that this can be sent as."),
  unsupported_media_type: row(415, false, "The content type is not supported; send JSON."),
  not_found: row(404, false, "There is no such thing, or you may not see it."),
  method_not_allowed: row(405, false, "This path does not take that method."),
  conflict: row(409, false, "Something with that name or key exists already."),
  rate_limited: row(429, true, "Too many requests; wait as long as Retry-After says.", 4009),
  too_many_connections: row(429, true, "Too many open connections; close some first.", 4010),
  unavailable: row(503, true, "The hub cannot do this right now; try again shortly.", 4011),
  query_timeout: row(503, true, "The query took too long; ask for less time or fewer fields."),
  archive_damaged: row(
    500,
    false,
    "A file of the archive cannot be read; ask for other days, and tell the hub's operator.",
  ),
  internal: row(500, true, "The hub failed; the request id finds the reason in its log.", 4012),
  upgrade_required: row(426, false, "This address speaks WebSocket; use a WebSocket client."),

  // Identity and access
  unauthenticated: row(401, false, "A valid token is needed; POST /auth/verify gives one.", 4501),
  token_expired: row(401, false, "The token has expired; get a new one.", 4001),
  challenge_invalid: row(
    401,
    false,
    "The challenge is unknown, used or expired; ask for a new one.",
  ),
  signature_invalid: row(401, false, "The signature does not verify with that key.", 4507),
  key_invalid: row(422, false, "The public key is in no supported form, or not on the curve."),
  key_unknown: row(401, false, "No identity has that key; register it first.", 4013),
  registration_closed: row(403, false, "This hub does not let new identities register themselves."),
  forbidden: row(403, false, "Your role does not allow this.", 4503),
  identity_revoked: row(401, false, "This identity has been revoked.", 4504),
  ticket_invalid: row(
    401,
    false,
    "The stream ticket is unknown, expired or for other sites.",
    4505,
  ),
  auth_timeout: row(401, true, "Nobody authenticated in time; send auth within 5 seconds.", 4007),

  // Back ends
  nats_slots_exhausted: row(
    503,
    false,
    "Every account for back ends is taken; the operator adds some (see docs/operating.md).",
  ),

  // Gateways and devices
  claim_invalid: row(422, false, "The claim message does not match the claim."),
  claim_expired: row(422, false, "The claim message is older than 10 minutes; sign a new one."),
  claim_replayed: row(409, false, "That claim nonce was used before; sign a new one."),
  gateway_released: row(403, false, "The gateway is claimed by nobody; claim it first.", 4014),
  der_type_not_allowed: row(422, false, "That device type cannot have such a DER."),

  // Readings
  reading_malformed: row(422, false, "The reading is not a JSON object."),
  reading_too_large: row(413, false, "The reading is larger than 64 KiB."),
  reading_invalid: row(422, false, "A member of the reading has the wrong type."),
  reading_out_of_range: row(422, false, "A member of the reading is outside its physical range."),
  reading_in_future: row(422, false, "The timestamp is too far ahead; check the gateway's clock."),
  reading_too_old: row(422, false, "The timestamp is older than the backfill limit."),
  archive_behind: row(
    503,
    true,
    "The archive is behind and takes no old readings now; send them again when Retry-After says.",
  ),
  too_many_days: row(
    413,
    true,
    "The upload has old readings of too many days; send the rest in another one.",
  ),
  reading_type_mismatch: row(422, false, "The reading's type is not the type of its DER."),
  type_unknown: row(422, false, "The reading's type is not one of the six known ones."),
  timestamp_missing: row(422, false, "The reading has no timestamp that can be understood."),
  device_unknown: row(422, false, "The gateway has no such device; provision it first."),
  device_ambiguous: row(422, false, "Several devices share that name; send the exact hardware_id."),
  device_orphaned: row(422, false, "The device's gateway has moved; provision it again."),
  der_unknown: row(422, false, "The device has no such DER; provision it first."),
  der_ambiguous: row(422, false, "The device has several DERs of that type; use the name."),
  gateway_unknown: row(422, false, "No organization has claimed this gateway."),

  // Streams
  cursor_invalid: row(400, false, "The cursor is not one that this hub made."),
  cursor_epoch_changed: row(410, false, "The stream was recreated; start again.", 4002),
  cursor_expired: row(410, false, "The position is older than the stream; use history.", 4003),
  cursor_in_future: row(410, false, "The position is ahead of the stream; start again.", 4004),
  slow_consumer: row(503, true, "The listener read too slowly; resume from its cursor.", 4005),
  going_away: row(503, true, "The hub is restarting; reconnect and resume.", 4006),

  // WebSocket
  op_unknown: row(400, false, "The frame's op is none that a client may send."),
  too_many_subscriptions: row(429, false, "The socket has too many subscriptions; end some first."),
  credit_overflow: row(422, false, "The credit would exceed what a client may give ahead."),
  peer_silent: row(408, true, "The client answered no ping; reconnect and resume.", 4008),
} as const satisfies Record<string, ErrorRow>;

/** The codes of the table. */
export type ErrorCode = keyof typeof errorTable;

/** What was wrong with one field of a request; `path` is a JSON pointer. */
export interface ErrorDetail {
  readonly path: string;
  readonly message: string;
}

/** An error with a code from the table. Callers branch on `code`, people read `message`. */
export class NovacoreError extends Error {
  override readonly name = "NovacoreError";
  readonly code: ErrorCode;
  readonly details: readonly ErrorDetail[];

  /** `message` defaults to the table's sentence; give one wherever a value makes it more exact. */
  constructor(
    code: ErrorCode,
    message: string = errorTable[code].sentence,
    options: { details?: readonly ErrorDetail[]; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? [];
  }

  get status(): number {
    return errorTable[this.code].status;
  }
}
