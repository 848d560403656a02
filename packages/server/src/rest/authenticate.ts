import { NovacoreError } from "@novacore/protocol";
import type { FastifyRequest } from "fastify";
import type { Access } from "../access/access.ts";
import type { Caller } from "../access/caller.ts";

export type CallerOf = (request: FastifyRequest) => Promise<Caller>;

/** Makes the function that says who sends a request, by its `Authorization: Bearer …`. */
export function createCallerOf(access: Pick<Access, "authenticate">): CallerOf {
  return async (request) => {
    const token = bearerOf(request);
    if (token === undefined) throw new NovacoreError("unauthenticated");
    return access.authenticate(token);
  };
}

/** The bearer token of a request; undefined when there is none. The scheme has no case (RFC 9110). */
export function bearerOf(request: Pick<FastifyRequest, "headers">): string | undefined {
  return /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(request.headers.authorization ?? "")?.[1];
}
