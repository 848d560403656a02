import rateLimit from "@fastify/rate-limit";
import {
  type FastifyPluginAsyncTypebox,
  TypeBoxValidatorCompiler,
} from "@fastify/type-provider-typebox";
import type { Access } from "../access/access.ts";
import { limits } from "../limits.ts";
import type { Registry } from "../registry/database.ts";
import { authRoutes } from "./auth.ts";
import { type CallerOf, createCallerOf } from "./authenticate.ts";
import { deviceRoutes } from "./devices.ts";
import { gatewayRoutes } from "./gateways.ts";
import { identityRoutes } from "./identities.ts";
import { integrationRoutes } from "./integrations.ts";
import { memberRoutes } from "./members.ts";
import { organizationRoutes } from "./organizations.ts";
import { siteRoutes } from "./sites.ts";

declare module "fastify" {
  interface FastifySchema {
    /** What the route does, for the API's description. */
    summary?: string;
  }
}

export interface RestOptions {
  readonly registry: Registry;
  readonly access: Access;
  /** Requests per minute and address on /auth and /identity. Default: limits.authRequestsPerMinute. */
  readonly authRequestsPerMinute?: number;
}

/** What every resource's routes are given. */
export interface ResourceOptions {
  readonly registry: Registry;
  readonly access: Access;
  readonly callerOf: CallerOf;
}

/**
 * The REST resources of wire contract §2–§5: identities, organizations, members, sites, gateways,
 * devices, DERs. Answers errors through the app's handler (see errors.ts).
 */
export const restRoutes: FastifyPluginAsyncTypebox<RestOptions> = async (app, options) => {
  const { registry, access, authRequestsPerMinute = limits.authRequestsPerMinute } = options;
  app.setValidatorCompiler(TypeBoxValidatorCompiler);
  app.addHook("onRoute", (route) => {
    route.bodyLimit ??= limits.requestBytesMax;
  });
  const resource: ResourceOptions = { registry, access, callerOf: createCallerOf(access) };
  await app.register(async (limited) => {
    // By address, before anything is read or verified. A NovacoreError cannot say when to come back;
    // the plugin sets Retry-After and RateLimit-* itself and throws a 429.
    await limited.register(rateLimit, {
      max: authRequestsPerMinute,
      timeWindow: 60_000,
      enableDraftSpec: true,
      ipv6Subnet: 64,
    });
    await limited.register(authRoutes, resource);
    await limited.register(identityRoutes, resource);
  });
  await app.register(organizationRoutes, resource);
  await app.register(memberRoutes, resource);
  await app.register(integrationRoutes, resource);
  await app.register(siteRoutes, resource);
  await app.register(gatewayRoutes, resource);
  await app.register(deviceRoutes, resource);
};
