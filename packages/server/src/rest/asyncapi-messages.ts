import { EnrichedReading, Reading, readingSchemas } from "@novacore/protocol";
import type { TSchema } from "typebox";

/** What this hub's AsyncAPI document needs of the format (AsyncAPI 3.0). */
export interface ApiMessage {
  readonly name: string;
  readonly title: string;
  readonly summary: string;
  readonly contentType: "application/json";
  readonly headers?: TSchema;
  readonly payload: TSchema;
  readonly examples: readonly { readonly headers?: unknown; readonly payload: unknown }[];
}

export interface ApiReference {
  readonly $ref: string;
}

export interface ApiChannel {
  /** Null where it is only known at run time, as a reply's is. */
  readonly address: string | null;
  readonly title: string;
  readonly description: string;
  readonly servers: readonly ApiReference[];
  readonly parameters?: Readonly<Record<string, { readonly description: string }>>;
  readonly messages: Readonly<Record<string, ApiReference>>;
  readonly bindings?: object;
  readonly "x-close-codes"?: object;
}

export interface ApiOperation {
  /** From the hub's point of view, as AsyncAPI wants it: what clients send, it receives. */
  readonly action: "send" | "receive";
  readonly summary: string;
  readonly channel: ApiReference;
  readonly messages: readonly ApiReference[];
  readonly reply?: object;
  readonly bindings?: object;
}

/** What one way in or out adds to the document. */
export interface ApiPart {
  readonly channels: Readonly<Record<string, ApiChannel>>;
  readonly operations: Readonly<Record<string, ApiOperation>>;
  readonly messages: Readonly<Record<string, ApiMessage>>;
}

export function reference(...path: readonly string[]): ApiReference {
  // RFC 6901, section 3: what separates the parts of a pointer is escaped within one.
  const parts = path.map((part) => part.replaceAll("~", "~0").replaceAll("/", "~1"));
  return { $ref: `#/${parts.join("/")}` };
}

/** References to messages by their names, as a channel lists them. */
export function messagesByName(names: readonly string[]): Readonly<Record<string, ApiReference>> {
  return Object.fromEntries(names.map((name) => [name, reference("components", "messages", name)]));
}

/** References to messages of a channel, as an operation lists them. */
export function messagesOf(channel: string, names: readonly string[]): readonly ApiReference[] {
  return names.map((name) => reference("channels", channel, "messages", name));
}

/** Schemas that stand once, under `components`; whatever else holds one, refers to it. */
const namedSchemas: readonly TSchema[] = [
  ...Object.values(readingSchemas),
  Reading,
  EnrichedReading,
];

/** The named schemas by their titles, referring to one another. */
export function schemaComponents(): Readonly<Record<string, unknown>> {
  return Object.fromEntries(namedSchemas.map((schema) => [titleOf(schema), membersOf(schema)]));
}

/** The same value with a reference in the place of every named schema. */
export function withReferences(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withReferences);
  if (typeof value !== "object" || value === null) return value;
  const title = titleOf(value);
  const isNamed = namedSchemas.some((schema) => titleOf(schema) === title);
  return isNamed && title !== undefined
    ? reference("components", "schemas", title)
    : membersOf(value);
}

function membersOf(value: object): object {
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, withReferences(member)]),
  );
}

function titleOf(value: object): string | undefined {
  return "title" in value && typeof value.title === "string" ? value.title : undefined;
}
