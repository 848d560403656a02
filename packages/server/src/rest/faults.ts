import type { ErrorDetail } from "@novacore/protocol";
import type { FastifyError } from "fastify";
import { printable } from "./fields.ts";

type Fault = NonNullable<FastifyError["validation"]>[number];

/** The part of a request that did not fit, and the schema that it does not fit. */
export interface Misfit {
  readonly value: unknown;
  readonly schema: unknown;
}

/**
 * What is wrong with a part of a request, member by member, in words that say what to write instead
 * and, where that helps, what was written.
 */
export function describeFaults(faults: readonly Fault[], misfit: Misfit): ErrorDetail[] {
  const unions = faults.filter(({ keyword }) => keyword === "anyOf");
  const outermost = unions.filter((union) => !unions.some((other) => isWithin(union, other)));
  const seen = new Set<Fault>();
  return faults.flatMap((fault) => {
    if (seen.has(fault)) return [];
    const union = outermost.find((each) => each === fault || isWithin(fault, each));
    if (union === undefined) return describeFault(fault, misfit);
    const parts = faults.filter((each) => each === union || isWithin(each, union));
    for (const part of parts) seen.add(part);
    return describeUnion(parts, misfit);
  });
}

function isWithin(fault: Fault, union: Fault): boolean {
  return fault.schemaPath.startsWith(`${union.schemaPath}/anyOf/`);
}

/** What fits none of several forms is told what the form lacks whose type it has, or else all types. */
function describeUnion(parts: readonly Fault[], misfit: Misfit): ErrorDetail[] {
  const inner = parts.filter(({ keyword }) => keyword !== "anyOf");
  const near = inner.filter(({ keyword, instancePath }) => {
    const isWhole = parts.some(
      (each) => each.keyword === "anyOf" && each.instancePath === instancePath,
    );
    return keyword !== "type" || !isWhole;
  });
  const ofPath = Map.groupBy(near.length > 0 ? near : inner, ({ instancePath }) => instancePath);
  return [...ofPath].flatMap(([path, faults]) => {
    const isOfSeveral = faults.length > 1 && faults.every((fault) => wordsOf(fault) !== undefined);
    if (!isOfSeveral) return faults.flatMap((fault) => describeFault(fault, misfit));
    const words = faults.map((fault) => `${wordsOf(fault)}`);
    return [{ path, message: `must be ${join(words)}${notThis(faults, misfit)}` }];
  });
}

function describeFault(fault: Fault, misfit: Misfit): ErrorDetail[] {
  const { keyword, params, instancePath: path, schemaPath } = fault;
  const words = wordsOf(fault);
  if (words !== undefined) {
    return [{ path, message: `must be ${words}${notThis([fault], misfit)}` }];
  }
  switch (keyword) {
    case "required":
      return texts(params.requiredProperties).map((name) => ({
        path: `${path}/${name}`,
        message: "is missing",
      }));
    case "boolean": {
      const { properties } = Object(at(misfit.schema, schemaPath.slice(1, -closedPath.length)));
      const names = Object.keys(Object(properties)).join(", ");
      return [{ path, message: `is no member that is known here (known: ${names})` }];
    }
    case "additionalProperties":
      // The same once more, of the whole.
      return [];
    default:
      return [{ path, message: fault.message ?? "is not allowed" }];
  }
}

/** What a schema's path ends with where it knows no member of a name. */
const closedPath = "/additionalProperties";

/** What the value must be; undefined where more than that is to be said. */
function wordsOf({ keyword, params }: Fault): string | undefined {
  switch (keyword) {
    case "enum":
      return Array.isArray(params.allowedValues)
        ? `one of ${params.allowedValues.join(", ")}`
        : undefined;
    case "const":
      return show(params.allowedValue);
    case "pattern":
      return patternWords(`${params.pattern}`);
    case "format":
      return params.format === "date-time"
        ? "an ISO-8601 time such as 2026-01-31T12:00:00Z"
        : `a ${params.format}`;
    case "type":
      return typeof params.type === "string" ? typeWords(params.type) : undefined;
    default:
      return undefined;
  }
}

function patternWords(pattern: string): string {
  if (pattern === printable) return "without control characters such as line breaks";
  const [, set, least, most] = /^\^(\[[^\]]+\]|\\d)\{(\d+),(\d+)\}\$$/.exec(pattern) ?? [];
  if (set === "\\d") return `${least} to ${most} digits`;
  if (set === "[A-Za-z0-9_-]") return `${least} to ${most} of A-Z, a-z, 0-9, _ and -`;
  return `text that matches ${pattern}`;
}

function typeWords(type: string): string {
  if (type === "null") return type;
  return `${/^[aio]/.test(type) ? "an" : "a"} ${type}`;
}

/** The value, where its type is right and something else is wrong. */
function notThis([fault, ...others]: readonly Fault[], { value }: Misfit): string {
  const isOfType =
    fault !== undefined && [fault, ...others].every((each) => each.keyword !== "type");
  return isOfType ? `, not ${show(at(value, fault.instancePath))}` : "";
}

const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];

function join(parts: readonly string[]): string {
  const unique = [...new Set(parts)];
  const last = unique.pop() ?? "";
  return unique.length === 0 ? last : `${unique.join(", ")} or ${last}`;
}

/** What stands at a JSON pointer. */
function at(value: unknown, pointer: string): unknown {
  const names = pointer.split("/").slice(1);
  return names.reduce<unknown>((parent, name) => {
    const key = name.replaceAll("~1", "/").replaceAll("~0", "~");
    return Object.hasOwn(Object(parent), key) ? Object(parent)[key] : undefined;
  }, value);
}

/** Enough of a value to recognise it by. */
function show(value: unknown): string {
  const text = JSON.stringify(value) ?? "undefined";
  return text.length <= shownMax ? text : `${text.slice(0, shownMax)}…`;
}
const shownMax = 60;
