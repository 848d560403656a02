import { type ClientErrorCode, NovacoreError } from "@novacore/client";
import type { ErrorCode } from "@novacore/protocol";

/** What the command ends with, for scripts. The README and `novacore help` have this table. */
export const exitCodes = {
  0: "done",
  1: "the hub refused it, or something failed; stderr says what",
  2: "the command line is wrong",
  3: "not logged in, or the login is not good any more",
  4: "your role does not allow it",
  5: "there is no such thing, or you may not see it",
  6: "the hub cannot be reached, or cannot do it right now",
  130: "interrupted by Ctrl-C (143: by SIGTERM)",
} as const;

/** The command line is wrong. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Nobody is logged in to the hub that is asked. */
export class NotLoggedIn extends Error {
  override readonly name = "NotLoggedIn";
}

/** What was asked could not be done, for a reason of this side; the message says what to do. */
export class CommandFailed extends Error {
  override readonly name = "CommandFailed";
}

/** No hub answers where one is expected. */
export class HubAway extends Error {
  override readonly name = "HubAway";
}

/** The exit code and the machine's word for whatever was thrown. */
export function outcomeOf(thrown: unknown): { readonly exitCode: number; readonly code: string } {
  if (thrown instanceof UsageError) return { exitCode: 2, code: "usage" };
  if (thrown instanceof NotLoggedIn) return { exitCode: 3, code: "not_logged_in" };
  if (thrown instanceof HubAway) return { exitCode: 6, code: "unreachable" };
  if (thrown instanceof NovacoreError) {
    return { exitCode: exitCodeByCode[thrown.code] ?? 1, code: thrown.code };
  }
  return { exitCode: 1, code: "failed" };
}

/** By code, since over a WebSocket there is no status. A test compares it with the hub's table. */
const exitCodeByCode: Readonly<Record<string, number>> = {
  // What a request is made of stood on the command line.
  ...exitCodesTo(2, ["options_invalid", "validation_failed", "cursor_invalid", "key_invalid"]),
  ...exitCodesTo(3, ["unauthenticated", "token_expired", "challenge_invalid", "signature_invalid"]),
  ...exitCodesTo(3, ["key_unknown", "identity_revoked", "ticket_invalid", "auth_timeout"]),
  ...exitCodesTo(4, ["forbidden", "registration_closed", "gateway_released"]),
  not_found: 5,
  ...exitCodesTo(6, [
    "unavailable",
    "archive_behind",
    "query_timeout",
    "nats_slots_exhausted",
    "slow_consumer",
  ]),
  ...exitCodesTo(6, ["going_away", "unreachable", "connection_lost", "connection_silent"]),
};

function exitCodesTo(exitCode: number, codes: readonly (ErrorCode | ClientErrorCode)[]) {
  return Object.fromEntries(codes.map((code) => [code, exitCode]));
}

/** The sentence for people: what happened, why, and what was wrong with which member. */
export function sentenceOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const details = thrown instanceof NovacoreError ? thrown.details : [];
  const told = details.filter(({ message }) => !thrown.message.includes(message));
  const lines = told.map(({ path, message }) => `  ${path} ${message}`);
  return [withReason(thrown), ...lines].join("\n");
}

/** That a fetch failed says little; the socket's own error, which it wraps, says why. */
function withReason(thrown: Error): string {
  if (!(thrown instanceof NovacoreError) || thrown.code !== "unreachable") return thrown.message;
  let reason: unknown = thrown.cause;
  while (reason instanceof Error && reason.cause instanceof Error) reason = reason.cause;
  const why = reason instanceof Error ? reason.message || ("code" in reason && reason.code) : "";
  const isNew = why && !thrown.message.includes(String(why));
  return isNew ? `${thrown.message} (${why})` : thrown.message;
}
