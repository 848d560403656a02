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
  const text = sketch(value, sketchDepthMax);
  return text.length > shownMax ? `${text.slice(0, shownMax)}…` : text;
}

const shownMax = 60;
const sketchDepthMax = 3;
const sketchMembersMax = 8;

/** As JSON, but no deeper and longer than can be shown: JSON.stringify overflows the stack. */
function sketch(value: unknown, depth: number): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, shownMax));
  if (typeof value !== "object" || value === null) return String(value);
  if (depth === 0) return "…";
  if (Array.isArray(value)) {
    const items = value.slice(0, sketchMembersMax);
    return `[${items.map((item) => sketch(item, depth - 1)).join(",")}]`;
  }
  const members = Object.entries(value).slice(0, sketchMembersMax);
  const texts = members.map(([name, member]) => `${sketch(name, 0)}:${sketch(member, depth - 1)}`);
  return `{${texts.join(",")}}`;
}

/** JSON pointer (RFC 6901); member names are the gateway's and may be long. */
function pointer(member: string): string {
  return `/${member.slice(0, 256).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}
