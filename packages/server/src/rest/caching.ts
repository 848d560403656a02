import { createHash } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import { limits } from "../limits.ts";
import { nothing } from "./fields.ts";

/** Weak: the live cursor in an answer moves on, and the one before it stays as good. */
export function weakTag(parts: readonly string[]): string {
  const hash = createHash("sha256").update(parts.join("\n")).digest("base64url");
  return `W/"${hash.slice(0, 22)}"`;
}

export interface Cached {
  readonly etag: string;
  /** Where what is answered ends, epoch ms. */
  readonly toMs: number;
  readonly nowMs: number;
}

/**
 * Says how long an answer about the past may be kept; true: the client has it already, and 304 is
 * all there is to send.
 */
export function isCached(
  request: FastifyRequest,
  reply: FastifyReply,
  { etag, toMs, nowMs }: Cached,
): boolean {
  reply.header("etag", etag);
  reply.header("cache-control", cacheControl(nowMs - toMs));
  reply.header("vary", "Accept, Authorization");
  return request.headers["if-none-match"]?.includes(etag) === true;
}

const text = (description: string) => ({ type: "string", description });

/** The headers that such an answer has, and what there is instead of it: for the API's description. */
export const cachedHeaders = {
  ETag: text("For If-None-Match"),
  "Cache-Control": text("Late readings may come for a while, and then it may be kept for longer"),
  "Novacore-Cursor": text("The answer's cursor, for every form"),
};
export const notChanged = nothing("Not changed since the answer with the ETag of If-None-Match");

/** Late readings still come: after minutes as a rule, after a week only by a bulk upload. */
function cacheControl(ageMs: number): string {
  if (ageMs < oldMs) return "private, no-cache";
  return `private, max-age=${ageMs < limits.backfillMs ? 60 : 3_600}`;
}

const oldMs = 3_600_000;
