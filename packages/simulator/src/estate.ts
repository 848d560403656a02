import { type Novacore, NovacoreError } from "@novacore/client";
import type { Dialect } from "./dialect.ts";
import { negatesBattery } from "./dialect.ts";
import {
  claimGateway,
  createOrganization,
  createSite,
  type ProvisionedDevice,
  provisionHome,
} from "./enrol.ts";
import { createVirtualGateway, type VirtualGateway } from "./gateway.ts";
import type { Resource, RestClient } from "./rest-client.ts";

/** Where the virtual homes' sun is highest at noon, so that their days are days. */
const homeTimezone = "Etc/UTC";

/** A virtual home as the hub knows it. */
export interface EnrolledHome {
  readonly siteId: string;
  readonly gateway: VirtualGateway;
  readonly devices: readonly ProvisionedDevice[];
}

/** The homes of a run, and the organization that they are in. */
export class Estate {
  readonly orgId: string;
  readonly homes: EnrolledHome[] = [];
  readonly #nova: Novacore;
  readonly #identityId: string;
  readonly #ownsOrg: boolean;
  /** What is to be deleted again, in the order in which it was made. */
  readonly #made: string[] = [];

  /** In the organization, or in a new one. The caller of `nova` has to be an owner or admin. */
  static async open(nova: Novacore, givenOrgId?: string): Promise<Estate> {
    const { id: identityId } = await nova.request<{ id: string }>("GET", "identity");
    const orgId =
      givenOrgId ?? (await createOrganization({ rest: restOf(nova) }, "Simulated homes"));
    return new Estate(nova, identityId, orgId, givenOrgId === undefined);
  }

  private constructor(nova: Novacore, identityId: string, orgId: string, ownsOrg: boolean) {
    this.#nova = nova;
    this.#identityId = identityId;
    this.orgId = orgId;
    this.#ownsOrg = ownsOrg;
  }

  /** A site of its own with a gateway and the devices of a home. */
  async addHome(name: string, dialect: Dialect): Promise<EnrolledHome> {
    const { orgId } = this;
    const caller = { rest: restOf(this.#nova), identityId: this.#identityId };
    const gateway = createVirtualGateway();
    const gatewayPath = `gateways/${gateway.serial}`;
    const siteId = await createSite(caller, { orgId, name, timezone: homeTimezone });
    this.#made.push(`sites/${siteId}`);
    await claimGateway(caller, { orgId, gateway });
    this.#made.push(gatewayPath);
    if (negatesBattery(dialect)) {
      await this.#nova.request("PUT", gatewayPath, { body: { battery_sign: "negated" } });
    }
    const devices = await provisionHome(caller, { serial: gateway.serial, siteId });
    this.#made.push(...devices.map(({ deviceId }) => `devices/${deviceId}`));
    const home = { siteId, gateway, devices };
    this.homes.push(home);
    return home;
  }

  /** Deletes what was made: devices, gateways, sites, and the organization unless it was given. */
  async remove(): Promise<void> {
    for (const path of this.#made.splice(0).reverse()) await this.#delete(path);
    if (this.#ownsOrg) await this.#delete(`organizations/${this.orgId}`);
  }

  /** What somebody else has deleted meanwhile is gone, too. */
  async #delete(path: string): Promise<void> {
    try {
      await this.#nova.request("DELETE", path);
    } catch (error) {
      if (!(error instanceof NovacoreError && error.code === "not_found")) throw error;
    }
  }
}

function restOf(nova: Novacore): RestClient {
  return {
    get: (path) => nova.request<Resource>("GET", path),
    post: (path, body) => nova.request<Resource>("POST", path, { body }),
  };
}
