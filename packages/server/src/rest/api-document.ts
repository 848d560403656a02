import { createHash } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Type } from "typebox";

/** A description of the hub for machines, which changes with its version. */
export interface ApiDocument {
  readonly text: string;
  readonly etag: string;
}

export const documentAnswers = {
  200: Type.Unsafe<unknown>({
    type: "object",
    headers: {
      ETag: { type: "string", description: "For If-None-Match" },
      "Cache-Control": { type: "string" },
    },
  }),
  304: Type.Null({ description: "Not changed since the answer with the ETag of If-None-Match" }),
};

export function toDocument(value: unknown): ApiDocument {
  const text = JSON.stringify(value);
  return { text, etag: `"${createHash("sha256").update(text).digest("base64url")}"` };
}

export function sendDocument(
  request: FastifyRequest,
  reply: FastifyReply,
  { text, etag }: ApiDocument,
): FastifyReply {
  reply.header("cache-control", "public, max-age=300").header("etag", etag);
  if (request.headers["if-none-match"] === etag) return reply.code(304).send();
  return reply.type("application/json; charset=utf-8").send(text);
}
