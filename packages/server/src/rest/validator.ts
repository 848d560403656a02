import type { FastifySchemaCompiler } from "fastify";
import { type TSchema, Type } from "typebox";
import { Compile } from "typebox/compile";

/**
 * Checks every part of a request with its TypeBox schema. A query's text becomes the number, boolean
 * or list that its schema asks for, and nothing is guessed: `true` is no number, and 1.5 no integer.
 * Bodies and paths are taken as they are.
 */
export const requestValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const check = Compile(schema);
  return (value) => {
    const read = httpPart === "querystring" ? readQuery(schema, value) : value;
    return check.Check(read) ? { value: read } : { error: check.Errors(read) };
  };
};

function readQuery(schema: TSchema, query: unknown): unknown {
  if (!Type.IsObject(schema) || typeof query !== "object" || query === null) return query;
  return Object.fromEntries(
    Object.entries(query).map(([name, value]) => {
      const member = Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;
      return [name, member === undefined ? value : readMember(member, value)];
    }),
  );
}

const numberPattern = /^-?\d{1,15}(\.\d{1,15})?$/;

function readMember(schema: TSchema, value: unknown): unknown {
  if (Type.IsArray(schema)) return typeof value === "string" ? [value] : value;
  if (typeof value !== "string") return value;
  const isNumber = Type.IsInteger(schema) || Type.IsNumber(schema);
  if (isNumber && numberPattern.test(value)) return Number(value);
  if (Type.IsBoolean(schema) && /^(true|false)$/.test(value)) return value === "true";
  return value;
}
