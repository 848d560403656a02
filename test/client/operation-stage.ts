import { generateKeyPairSync, randomUUID } from "node:crypto";
import {
  type GatewayResource,
  Novacore,
  type OrganizationResource,
  type SiteResource,
} from "@novacore/client";
import { createPerson, createVirtualGateway, signUp } from "@novacore/simulator";
import { createHome, type Home } from "../support/home.ts";
import type { TestHub } from "../support/hub.ts";

/** What there is when an operation is called; those that take something away make it first. */
export interface Stage {
  readonly baseUrl: string;
  readonly home: Home;
  readonly nova: Novacore;
  readonly bySse: Novacore;
  readonly org: OrganizationResource;
  readonly site: SiteResource;
  readonly gateway: GatewayResource;
  /** The same with the gateway's own credential. */
  readonly uploading: GatewayResource;
  readonly deviceId: string;
  readonly derId: string;
  readonly otherSiteId: string;
  readonly integrationId: string;
  /** Whose consumers are asked for. */
  readonly owner: { readonly integration_id: string };
  readonly consumer: string;
  /** A client of somebody with a key, who has no token yet. */
  readonly loggingIn: () => Novacore;
  readonly newPerson: () => Promise<{ readonly identityId: string; readonly nova: Novacore }>;
  readonly newMember: () => Promise<string>;
  readonly newGateway: () => Promise<string>;
}

export async function createStage(hub: TestHub): Promise<Stage> {
  const baseUrl = hub.url;
  const home = await createHome(hub);
  const { token, orgId, gateway } = home;
  const nova = new Novacore({ baseUrl, token, transport: "websocket" });
  const org = nova.org(orgId);
  await home.publish("solar", { type: "pv", timestamp: Date.now(), W: -3000 });
  const derId = home.ders.solar.derId;
  const { id: otherSiteId } = await org.createSite({ name: "Other" });
  const { id: integrationId } = await org.createIntegration(newIntegration());
  const owner = { integration_id: integrationId };
  const { name: consumer } = await nova.createConsumer({ ...owner, name: "kept", start: "new" });
  const key = newKey();
  await signUp(baseUrl, createPerson({ privateKeyPem: key }));
  const newPerson = async () => {
    const { identityId, token } = await signUp(baseUrl, createPerson());
    return { identityId, nova: new Novacore({ baseUrl, token }) };
  };
  return {
    ...{ baseUrl, home, nova, org, otherSiteId, derId, integrationId, owner, consumer, newPerson },
    bySse: new Novacore({ baseUrl, token, transport: "sse" }),
    site: nova.site(home.siteId),
    gateway: nova.gateway(gateway.serial),
    uploading: new Novacore({ baseUrl, token: () => gateway.loginJwt() }).gateway(gateway.serial),
    deviceId: (await nova.der(derId).get()).device_id,
    loggingIn: () => new Novacore({ baseUrl, key }),
    async newMember() {
      const { identityId: identity_id } = await newPerson();
      await org.addMember({ identity_id, role: "viewer" });
      return identity_id;
    },
    async newGateway() {
      const { serial: gateway_serial, publicKeyHex, claimMessage } = createVirtualGateway();
      const signed = claimMessage(home.session.identityId);
      await org.claimGateway({ gateway_serial, public_key: publicKeyHex, ...signed });
      return gateway_serial;
    },
  };
}

/** Ed25519, as PEM. */
export function newKey(): string {
  const { privateKey } = generateKeyPairSync("ed25519");
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

/** Names of back ends are each used once. */
export function newIntegration() {
  return { name: randomUUID(), scopes: ["telemetry:read"], generate: true } as const;
}
