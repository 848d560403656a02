import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
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
import type { RateLimits } from "./rate-limits.ts";
import { siteRoutes } from "./sites.ts";
import { requestValidator } from "./validator.ts";

export interface RestOptions {
  readonly registry: Registry;
  readonly access: Access;
  readonly rateLimits: RateLimits;
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
  const { registry, access, rateLimits } = options;
  app.setValidatorCompiler(requestValidator);
  app.addHook("onRoute", (route) => {
    route.bodyLimit ??= limits.requestBytesMax;
  });
  const resource: ResourceOptions = { registry, access, callerOf: createCallerOf(access) };
  await app.register(async (limited) => {
    rateLimits.byAddress(limited);
    await limited.register(authRoutes, resource);
    await limited.register(identityRoutes, resource);
  });
  await app.register(async (limited) => {
    rateLimits.byIdentity(limited);
    await limited.register(organizationRoutes, resource);
    await limited.register(memberRoutes, resource);
    await limited.register(integrationRoutes, resource);
    await limited.register(siteRoutes, resource);
    await limited.register(gatewayRoutes, resource);
    await limited.register(deviceRoutes, resource);
  });
};
