import {
  claimGateway,
  createOrganization,
  createPerson,
  createSite,
  createVirtualGateway,
  signUp,
  type VirtualGateway,
} from "@novacore/simulator";
import { createApi } from "../../test/support/home.ts";

/** Gateways that are claimed and provisioned over REST, each with its DERs at a site of its own. */
export interface Fleet {
  readonly token: string;
  readonly orgId: string;
  readonly siteIds: readonly string[];
  readonly gateways: readonly VirtualGateway[];
  readonly dersPerGateway: number;
}

export const hardwareId = "inverter-1";
export const derName = (index: number) => `string-${index}`;

export async function enrolFleet(
  url: string,
  gatewayCount: number,
  dersPerGateway: number,
): Promise<Fleet> {
  const session = await signUp(url, createPerson());
  const orgId = await createOrganization(session, "Bench");
  const api = createApi(url, session.token);
  const siteIds: string[] = [];
  const gateways: VirtualGateway[] = [];
  for (let index = 0; index < gatewayCount; index++) {
    const siteId = await createSite(session, { orgId, name: `Site ${index}` });
    const gateway = createVirtualGateway();
    await claimGateway(session, { orgId, gateway });
    await api("POST", "/devices/provision", {
      gateway_serial: gateway.serial,
      hardware_id: hardwareId,
      device_type: "inverter",
      site_id: siteId,
      ders: Array.from({ length: dersPerGateway }, (_, der) => ({
        name: derName(der),
        type: "solar",
      })),
    });
    siteIds.push(siteId);
    gateways.push(gateway);
  }
  return { token: session.token, orgId, siteIds, gateways, dersPerGateway };
}
