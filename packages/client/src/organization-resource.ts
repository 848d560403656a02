import type {
  Gateway,
  GatewayClaim,
  Integration,
  IntegrationSettings,
  IntegrationWithKey,
  KeyChoice,
  Member,
  MemberSettings,
  NewIntegration,
  NewMember,
  NewSite,
  Organization,
  OrganizationSettings,
  Site,
} from "./openapi.ts";
import type { CallOptions, PageOptions, Rest } from "./rest.ts";
import { type LatestReading, latestOf } from "./telemetry.ts";

/** An organization, with its members, sites, gateways and back ends. */
export interface OrganizationResource {
  get(options?: CallOptions): Promise<Organization>;
  update(settings: OrganizationSettings, options?: CallOptions): Promise<Organization>;
  /** For its owners, and where nothing is left in it. */
  delete(options?: CallOptions): Promise<void>;
  sites(options?: PageOptions): AsyncGenerator<Site, void>;
  createSite(site: Omit<NewSite, "org_id">, options?: CallOptions): Promise<Site>;
  gateways(options?: PageOptions): AsyncGenerator<Gateway, void>;
  /** With what the gateway itself has signed; claimed already by this organization is no error. */
  claimGateway(claim: Omit<GatewayClaim, "org_id">, options?: CallOptions): Promise<Gateway>;
  /** The newest reading of each DER that the caller sees, and how the DER does. */
  latest(options?: PageOptions): AsyncGenerator<LatestReading, void>;
  members(options?: PageOptions): AsyncGenerator<Member, void>;
  addMember(member: NewMember, options?: CallOptions): Promise<Member>;
  member(identityId: string): MemberResource;
  /** Back ends that have access. */
  integrations(options?: PageOptions): AsyncGenerator<Integration, void>;
  /** With `generate: true` the answer has a private key, which is told this once. */
  createIntegration(
    integration: NewIntegration,
    options?: CallOptions,
  ): Promise<IntegrationWithKey>;
  integration(id: string): IntegrationResource;
}

/** Somebody's place in an organization. */
export interface MemberResource {
  get(options?: CallOptions): Promise<Member>;
  update(settings: MemberSettings, options?: CallOptions): Promise<Member>;
  /** Anybody may remove himself. */
  remove(options?: CallOptions): Promise<void>;
}

/** A back end's access to an organization. */
export interface IntegrationResource {
  get(options?: CallOptions): Promise<Integration>;
  /** Its connections see the other sites at once. */
  update(settings: IntegrationSettings, options?: CallOptions): Promise<Integration>;
  /** The old key ends at once, and connections with it. */
  replaceKey(key: KeyChoice, options?: CallOptions): Promise<IntegrationWithKey>;
  /** Takes access away, at once and for good. */
  revoke(options?: CallOptions): Promise<void>;
}

export function organizationResource(rest: Rest, id: string): OrganizationResource {
  const path = `organizations/${encodeURIComponent(id)}`;
  const org_id = id;
  return {
    get: (options) => rest.request("GET", path, options),
    update: (body, options) => rest.request("PUT", path, { ...options, body }),
    delete: (options) => rest.request("DELETE", path, options),
    sites: (options) => rest.list("sites", { org_id }, options),
    createSite: (site, options) =>
      rest.request("POST", "sites", { ...options, body: { ...site, org_id } }),
    gateways: (options) => rest.list("gateways", { org_id }, options),
    claimGateway: (claim, options) =>
      rest.request("POST", "gateways/claim", { ...options, body: { ...claim, org_id } }),
    latest: (options) => latestOf(rest, { org_id }, options),
    members: (options) => rest.list(`${path}/members`, {}, options),
    addMember: (body, options) => rest.request("POST", `${path}/members`, { ...options, body }),
    member: (identityId) =>
      memberResource(rest, `${path}/members/${encodeURIComponent(identityId)}`),
    integrations: (options) => rest.list(`${path}/integrations`, {}, options),
    createIntegration: (body, options) =>
      rest.request("POST", `${path}/integrations`, { ...options, body }),
    integration: (integrationId) =>
      integrationResource(rest, `${path}/integrations/${encodeURIComponent(integrationId)}`),
  };
}

function memberResource(rest: Rest, path: string): MemberResource {
  return {
    get: (options) => rest.request("GET", path, options),
    update: (body, options) => rest.request("PUT", path, { ...options, body }),
    remove: (options) => rest.request("DELETE", path, options),
  };
}

function integrationResource(rest: Rest, path: string): IntegrationResource {
  return {
    get: (options) => rest.request("GET", path, options),
    update: (body, options) => rest.request("PATCH", path, { ...options, body }),
    replaceKey: (body, options) => rest.request("POST", `${path}/keys`, { ...options, body }),
    revoke: (options) => rest.request("DELETE", path, options),
  };
}
