import { type ReadingType, readingSchemas } from "@novacore/protocol";
import { type Refusal, refuse, shown } from "./refusal.ts";

/**
 * Checks and encodes one member at once: answers its JSON, or why it is refused. `name` is what the
 * gateway called it.
 */
export type MemberCheck = (value: unknown, name: string) => string | Refusal;

/** The members of each type of reading, as the protocol's schemas have them. */
export function memberChecks(type: ReadingType): ReadonlyMap<string, MemberCheck> {
  const checks = new Map<string, MemberCheck>();
  const { properties } = readingSchemas[type];
  for (const [name, schema] of Object.entries(properties)) checks.set(name, checkOf(schema));
  return checks;
}

/** Members whose names have a number in them: mppt1_V … mppt99_W. */
export function trackerChecks(type: ReadingType): ReadonlyMap<string, MemberCheck> {
  const checks = new Map<string, MemberCheck>();
  const schema: SchemaNode = readingSchemas[type];
  for (const [pattern, member] of Object.entries(schema.patternProperties ?? {})) {
    const check = checkOf(member);
    const matches = new RegExp(pattern, "u");
    for (let tracker = 1; tracker <= trackersMax; tracker++) {
      for (const quantity of ["V", "A", "W"]) {
        const name = `mppt${tracker}_${quantity}`;
        if (matches.test(name)) checks.set(name, check);
      }
    }
  }
  return checks;
}

export const trackersMax = 99;

/** The keywords that the reading schemas are made of; anything else is a mistake found at start. */
interface SchemaNode {
  readonly type?: unknown;
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly anyOf?: readonly SchemaNode[];
  readonly items?: unknown;
  readonly patternProperties?: Readonly<Record<string, SchemaNode>>;
  readonly "x-unit"?: unknown;
}

function checkOf(schema: SchemaNode): MemberCheck {
  if (schema.anyOf !== undefined) return anyCheck(schema.anyOf.map(checkOf));
  switch (schema.type) {
    case "number":
      return numberCheck(schema);
    case "integer":
      return numberCheck(schema);
    case "boolean":
      return booleanCheck;
    case "string":
      return textCheck(schema.maxLength ?? 256);
    case "array":
      return tupleCheck(nodes(schema.items).map(checkOf));
    default:
      throw new Error(`no check for a member of the schema ${JSON.stringify(schema)}`);
  }
}

function nodes(items: unknown): readonly SchemaNode[] {
  return Array.isArray(items) ? items : [];
}

function numberCheck(schema: SchemaNode): MemberCheck {
  const { minimum = -Number.MAX_VALUE, maximum = Number.MAX_VALUE } = schema;
  const unit =
    schema["x-unit"] === undefined || schema["x-unit"] === "1" ? "" : ` ${schema["x-unit"]}`;
  return (value, name) => {
    if (typeof value !== "number") return wrongType(name, value, "a number");
    // Also refuses what JSON.parse makes of 1e999.
    if (value >= minimum && value <= maximum) return `${value}`;
    const range = `from ${minimum} to ${maximum}${unit}`;
    return refuse(
      "reading_out_of_range",
      `${name} is ${value}; it can only be ${range}, so scaling or sign is wrong.`,
      name,
    );
  };
}

const booleanCheck: MemberCheck = (value, name) =>
  typeof value === "boolean" ? `${value}` : wrongType(name, value, "true or false");

function textCheck(lengthMax: number): MemberCheck {
  return (value, name) => {
    if (typeof value !== "string") return wrongType(name, value, "text");
    // JSON Schema counts characters, not UTF-16 units.
    if (value.length > lengthMax && [...value].length > lengthMax) {
      return refuse("reading_invalid", `${name} is longer than ${lengthMax} characters.`, name);
    }
    return JSON.stringify(value);
  };
}

function tupleCheck(checks: readonly MemberCheck[]): MemberCheck {
  return (value, name) => {
    if (!Array.isArray(value) || value.length !== checks.length) {
      return wrongType(name, value, `a list of ${checks.length} numbers`);
    }
    const parts: string[] = [];
    for (const [index, check] of checks.entries()) {
      const part = check(value[index], name);
      if (typeof part !== "string") return part;
      parts.push(part);
    }
    return `[${parts.join(",")}]`;
  };
}

/** The first alternative that takes it; else the refusal of the one that came closest: the last. */
function anyCheck(checks: readonly MemberCheck[]): MemberCheck {
  return (value, name) => {
    let refusal: Refusal | undefined;
    for (const check of checks) {
      const result = check(value, name);
      if (typeof result === "string") return result;
      if (refusal === undefined || result.code === "reading_out_of_range") refusal = result;
    }
    return refusal ?? wrongType(name, value, "something else");
  };
}

function wrongType(name: string, value: unknown, expected: string): Refusal {
  return refuse("reading_invalid", `${name} is ${shown(value)}; it has to be ${expected}.`, name);
}
