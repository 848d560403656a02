import rateLimit, { normalizeIP } from "@fastify/rate-limit";
import type { FastifyInstance, FastifyRequest, onRequestAsyncHookHandler } from "fastify";
import type { Access } from "../access/access.ts";
import { limits } from "../limits.ts";
import { bearerOf } from "./authenticate.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** What counts requests, where answers tell the caller's limit. */
    requestCount?: onRequestAsyncHookHandler;
  }
}

export interface RateLimitsOptions {
  readonly access: Pick<Access, "authenticate">;
  /** Requests per minute of one identity. Default: limits.requestsPerMinute. */
  readonly requestsPerMinute?: number;
  /** Requests per minute and address on /auth and /identity. Default: limits.authRequestsPerMinute. */
  readonly authRequestsPerMinute?: number;
}

/**
 * Limits all routes that a plugin adds after it was given; where one plugin is within another, the
 * inner one's limit is what counts. Routes with `config: { rateLimit: false }` are left out.
 */
export interface RateLimits {
  /** By address, before anything is verified: for routes that anybody may call. One count for all. */
  byAddress(app: FastifyInstance): void;
  /**
   * By identity; by address where a token says nobody. One count for all that are given no number
   * of requests per minute, and one for each that is.
   */
  byIdentity(app: FastifyInstance, requestsPerMinute?: number): void;
}

/** Answers carry RateLimit-* and, when it is over, 429 with Retry-After. */
export async function createRateLimits(
  app: FastifyInstance,
  { access, ...options }: RateLimitsOptions,
): Promise<RateLimits> {
  const { requestsPerMinute = limits.requestsPerMinute } = options;
  const { authRequestsPerMinute = limits.authRequestsPerMinute } = options;
  // A NovacoreError cannot say when to come back; the plugin sets the headers itself and throws a 429.
  await app.register(rateLimit, {
    ...{ global: false, timeWindow: 60_000, enableDraftSpec: true },
    keyGenerator: addressOf,
  });
  const ofAddress = app.rateLimit({ max: authRequestsPerMinute });
  const keyGenerator = (request: FastifyRequest) => callerOf(access, request);
  const ofIdentity = app.rateLimit({ max: requestsPerMinute, keyGenerator });
  return {
    byAddress: (part) => limit(part, ofAddress),
    byIdentity: (part, own) =>
      limit(part, own === undefined ? ofIdentity : app.rateLimit({ max: own, keyGenerator })),
  };
}

function limit(app: FastifyInstance, count: onRequestAsyncHookHandler): void {
  app.addHook("onRoute", (route) => {
    if (route.config?.rateLimit === false) return;
    const { requestCount: outer } = { ...route.config };
    const others = [route.onRequest ?? []].flat().filter((each) => each !== outer);
    route.config = { ...route.config, requestCount: count };
    route.onRequest = [count, ...others];
  });
}

/** One household may use as many IPv6 addresses as it likes, all with one prefix. */
const addressOf = (request: FastifyRequest) => normalizeIP(request.ip, 64);

/** Verified tokens are remembered, so that the route itself has it for nothing. */
async function callerOf(
  access: Pick<Access, "authenticate">,
  request: FastifyRequest,
): Promise<string> {
  const token = bearerOf(request);
  if (token === undefined) return addressOf(request);
  return access.authenticate(token).then(
    ({ identityId }) => `identity ${identityId}`,
    () => addressOf(request), // Why it is nobody's is told by the route.
  );
}
