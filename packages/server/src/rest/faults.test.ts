import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TypeBoxValidatorCompiler } from "@fastify/type-provider-typebox";
import type { FastifyError } from "fastify";
import { Type } from "typebox";
import { describeFaults } from "./faults.ts";
import { closed, Id, Name, nullable, PublicKey, Time } from "./fields.ts";

const schema = Type.Object(
  {
    name: Name,
    role: Type.Optional(Type.Enum(["owner", "viewer"])),
    generate: Type.Optional(Type.Literal(true)),
    site_ids: Type.Optional(nullable(Type.Array(Id, { minItems: 1 }))),
    public_key: Type.Optional(PublicKey),
    at: Type.Optional(Type.Union([Type.Integer(), Time, Type.String({ pattern: "^\\d{1,15}$" })])),
    inner: Type.Optional(Type.Object({ id: Id }, closed)),
  },
  closed,
);

/** What is told about a body, as "path message". */
function told(value: unknown): string[] {
  const validate = TypeBoxValidatorCompiler({
    ...{ schema, method: "POST", url: "/", httpPart: "body" },
  });
  const answer: { error?: NonNullable<FastifyError["validation"]> } = Object(validate(value));
  const details = describeFaults(answer.error ?? [], { value, schema });
  return details.map(({ path, message }) => `${path} ${message}`.trim());
}

describe("what is told of a body that does not fit", () => {
  const cases: Record<string, readonly [value: unknown, ...told: string[]]> = {
    "nothing when it fits": [{ name: "n", site_ids: null }],
    "each member that is missing": [{}, "/name is missing"],
    "what it must be as a whole": [[], "must be an object"],
    "the values that a member can have, and the one it has": [
      { name: "n", role: "viewr" },
      '/role must be one of owner, viewer, not "viewr"',
    ],
    "the one value that it can have": [
      { name: "n", generate: false },
      "/generate must be true, not false",
    ],
    "members that are not known, and those that are": [
      { name: "n", sites: [], role: "owner" },
      "/sites is no member that is known here (known: name, role, generate, site_ids, public_key, at, inner)",
    ],
    "the same deeper down": [
      { name: "n", inner: { id: "a", "b/c": 1 } },
      "/inner/b~1c is no member that is known here (known: id)",
    ],
    "the rule of a name, and what breaks it": [
      { name: "two\nlines" },
      '/name must be without control characters such as line breaks, not "two\\nlines"',
    ],
    "that a name is empty": [{ name: "" }, "/name must not have fewer than 1 characters"],
    "the rule of an id, where a list may also be null": [
      { name: "n", site_ids: ["a", "b c"] },
      '/site_ids/1 must be 1 to 64 of A-Z, a-z, 0-9, _ and -, not "b c"',
    ],
    "the types of a member that can have several": [
      { name: "n", site_ids: "a", public_key: 5 },
      "/site_ids must be an array or null",
      "/public_key must be a string or an object",
    ],
    "the type of an element, where a list may also be null": [
      { name: "n", site_ids: ["a", 5] },
      "/site_ids/1 must be a string",
    ],
    "the forms of a member that can have several, once": [
      { name: "n", at: "noon" },
      '/at must be an ISO-8601 time such as 2026-01-31T12:00:00Z or 1 to 15 digits, not "noon"',
    ],
    "no more of a long value than it takes to recognise it": [
      { name: "n", role: "x".repeat(1_000) },
      `/role must be one of owner, viewer, not "${"x".repeat(59)}…`,
    ],
  };
  for (const [name, [value, ...expected]] of Object.entries(cases)) {
    it(name, () => assert.deepEqual(told(value), expected));
  }
});
