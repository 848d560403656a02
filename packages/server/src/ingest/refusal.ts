import type { ErrorCode } from "@novacore/protocol";

/**
 * Why a reading is not taken: one of the codes of docs/errors.md, and a sentence with the value. A
 * class, because a payload can look like anything that has members.
 */
export class Refusal {
  readonly code: ErrorCode;
  readonly message: string;
  /** JSON pointer of the member at fault, named as the gateway named it. */
  readonly path: string | undefined;

  constructor(code: ErrorCode, message: string, path?: string) {
    this.code = code;
    this.message = message;
    this.path = path;
  }
}

export function refuse(code: ErrorCode, message: string, member?: string): Refusal {
  return new Refusal(code, message, member === undefined ? undefined : pointer(member));
}

/** A value as a sentence shows it: short, and on one line. */
export function shown(value: unknown): string {
  const text = typeof value === "bigint" ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > shownMax ? `${text.slice(0, shownMax)}…` : text;
}

const shownMax = 60;

/** JSON pointer (RFC 6901); member names are the gateway's and may be long. */
function pointer(member: string): string {
  return `/${member.slice(0, 256).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}
