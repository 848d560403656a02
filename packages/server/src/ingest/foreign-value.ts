import { limits } from "../limits.ts";
import { type Refusal, refuse } from "./refusal.ts";

/**
 * The JSON of a value that the schema does not know, or why it cannot be passed on: nested too
 * deeply, too many members, a number beyond what JSON readers hold, or a member that would change
 * an object's prototype where somebody copies it.
 */
export function encodeUnknown(value: unknown, name: string): string | Refusal {
  if (name === prototypeName) return refusePrototype(name);
  switch (typeof value) {
    case "number":
      return Number.isFinite(value) ? `${value}` : refuseNumber(name);
    case "boolean":
      return `${value}`;
    case "string":
      return JSON.stringify(value);
    case "object":
      return findFault(value, name) ?? JSON.stringify(value);
    default:
      // JSON.parse makes no other value.
      return refuse("reading_invalid", `${name} is no JSON value.`, name);
  }
}

const prototypeName = "__proto__";

/** Walks level by level, so that depth costs no stack. */
function findFault(value: unknown, name: string): Refusal | undefined {
  let level: unknown[] = [value];
  let members = 0;
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > limits.readingDepthMax) {
      const most = limits.readingDepthMax;
      return refuse("reading_invalid", `${name} is nested deeper than ${most} levels.`, name);
    }
    const next: unknown[] = [];
    for (const each of level) {
      if (typeof each === "number" && !Number.isFinite(each)) return refuseNumber(name);
      if (typeof each !== "object" || each === null) continue;
      if (Object.hasOwn(each, prototypeName)) return refusePrototype(name);
      const children: unknown[] = Array.isArray(each) ? each : Object.values(each);
      members += children.length;
      if (members > nestedMembersMax) {
        const why = `${name} holds more than ${nestedMembersMax} members.`;
        return refuse("reading_invalid", why, name);
      }
      for (const child of children) next.push(child);
    }
    level = next;
  }
  return undefined;
}

/** As many as fit a reading of the largest size at eight bytes each. */
const nestedMembersMax = limits.readingBytesMax / 8;

function refuseNumber(name: string): Refusal {
  const why = `${name} holds a number beyond ±1.8e308; readers would see nothing in its place.`;
  return refuse("reading_out_of_range", why, name);
}

function refusePrototype(name: string): Refusal {
  const why = `A member called ${prototypeName} is not passed on; it can change how readers work.`;
  return refuse("reading_invalid", why, name);
}
