import { NovacoreError } from "@novacore/client";

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

/** The command line is wrong. `help` names the command whose help would have told. */
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

/** The exit code and the machine's word for whatever was thrown. */
export function outcomeOf(thrown: unknown): { readonly exitCode: number; readonly code: string } {
  if (thrown instanceof UsageError) return { exitCode: 2, code: "usage" };
  if (thrown instanceof NotLoggedIn) return { exitCode: 3, code: "not_logged_in" };
  if (thrown instanceof NovacoreError) {
    return { exitCode: exitCodeOf(thrown), code: thrown.code };
  }
  return { exitCode: 1, code: "failed" };
}

function exitCodeOf({ code, status }: NovacoreError): number {
  if (code === "unreachable" || code === "connection_lost" || code === "connection_silent")
    return 6;
  switch (status) {
    case 401:
      return 3;
    case 403:
      return 4;
    case 404:
      return 5;
    case 503:
      return 6;
    default:
      return 1;
  }
}

/** The sentence for people: what happened, and what was wrong with which member. */
export function sentenceOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const details = thrown instanceof NovacoreError ? thrown.details : [];
  const told = details.filter(({ message }) => !thrown.message.includes(message));
  return [thrown.message, ...told.map(({ path, message }) => `  ${path} ${message}`)].join("\n");
}
