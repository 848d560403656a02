import { type TSchema, Type } from "typebox";
import { limits } from "../limits.ts";

/** Fields that several resources share. */

/** Of a body whose unknown members are refused by name, as they would be a mistake that nobody sees. */
export const closed = { additionalProperties: false } as const;

const idPattern = "^[A-Za-z0-9_-]{1,64}$";

/** Any id: one that does not fit names nothing, so that paths with it answer 404. */
export const Id = Type.String({ pattern: idPattern });

/** The same, for what people are told of it. */
export const idOf = (description: string) => Type.String({ pattern: idPattern, description });

/**
 * No control characters, which PostgreSQL, logs, headers and terminals would trip over (U+009B begins an
 * escape sequence), and none that show the others in another order, so that a name looks like another.
 */
export const printable = "^[^\\u0000-\\u001f\\u007f-\\u009f\\u202a-\\u202e\\u2066-\\u2069]*$";

/** Text for people. */
export const Name = Type.String({ minLength: 1, maxLength: 200, pattern: printable });

export const Time = Type.String({ format: "date-time", description: "ISO-8601, UTC" });

export const PublicKey = Type.Union([Type.String({ maxLength: 2_048 }), Type.Object({})], {
  description:
    "P-256 as hex or base64(url) of X‖Y or 04‖X‖Y; Ed25519 as hex, base64(url) or base58; or PEM, SPKI, JWK",
});

export const Signature = Type.String({
  maxLength: 160,
  description: "r‖s or DER (P-256), 64 bytes (Ed25519); as hex, base64 or base64url",
});

export const PageQuery = Type.Object({
  limit: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: limits.pageItemsMax,
      default: limits.pageItemsMax,
      description: "Items at most",
    }),
  ),
  cursor: Type.Optional(idOf("From the Link header of the page before")),
});

/** One page of a list. */
export const pageOf = <T extends TSchema>(item: T) =>
  Type.Array(item, {
    headers: {
      Link: { type: "string", description: '<…>; rel="next": the next page, where there is one' },
    },
  });

/** A `description` for a route's 204. */
export const nothing = (description?: string) =>
  Type.Null(description === undefined ? {} : { description });

export const nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) =>
  Type.Union([schema, Type.Null()]);
