import { type CallOptions, Novacore } from "@novacore/client";
import { createPerson, createVirtualGateway } from "@novacore/simulator";
import type { Operations } from "../../packages/client/src/openapi.ts";
import { newIntegration, newKey, type Stage } from "./operation-stage.ts";

/** Parts of something else that a caller wants: a login, a stream. Nothing calls them alone. */
const partsOfOthers = [
  "createChallenge",
  "createToken",
  "openWebSocket",
  "streamOrganization",
  "streamSite",
  "streamSites",
] as const satisfies readonly (keyof Operations)[];
type InPassing = (typeof partsOfOthers)[number];
export const inPassing: ReadonlySet<string> = new Set(partsOfOthers);

/** What a caller gets: what it likes for an answer without a body, the items of one that has pages. */
type Given<A> = A extends null ? unknown : A extends { readonly data: infer Items } ? A | Items : A;

type Row<Id extends keyof Operations> = (
  stage: Stage,
  options?: CallOptions,
) => Promise<Id extends InPassing ? unknown : Given<Operations[Id]["answer"]>>;

/**
 * Every operation of the API by the method of the client that calls it: a missing row does not compile,
 * nor does a method whose answer is not what the API says.
 */
export const operationRows: { readonly [Id in keyof Operations]: Row<Id> } = {
  // The hub itself
  describeApi: ({ nova }, options) => nova.hub.openApi(options),
  describeStreams: ({ nova }, options) => nova.hub.asyncApi(options),
  getHealth: ({ nova }, options) => nova.hub.health(options),
  getReadiness: ({ nova }, options) => nova.hub.readiness(options),
  getMetrics: ({ nova }, options) => nova.hub.metrics(options),
  listTokenKeys: ({ nova }, options) => nova.hub.tokenKeys(options),

  // Identities
  createChallenge: ({ loggingIn }) => loggingIn().identity.get(),
  createToken: ({ loggingIn }) => loggingIn().identity.get(),
  createSession: ({ nova }, options) => nova.identity.openSession(options),
  deleteSession: ({ nova }, options) => nova.identity.closeSession(options),
  getOwnIdentity: ({ nova }, options) => nova.identity.get(options),
  registerIdentity: ({ baseUrl }, options) =>
    new Novacore({ baseUrl }).identity.register(
      { public_key: createPerson().publicKey, type: "user", name: "Somebody" },
      options,
    ),
  addKey: ({ loggingIn }, options) => loggingIn().identity.addKey(newKey(), options),
  removeKey: async ({ loggingIn }, options) => {
    const { identity } = loggingIn();
    const { public_key } = await identity.addKey(newKey());
    return identity.removeKey(public_key, options);
  },
  revokeIdentity: async ({ newPerson }, options) => {
    const { nova, identityId } = await newPerson();
    return nova.revokeIdentity(identityId, options);
  },

  // Organizations
  createOrganization: ({ nova }, options) => nova.createOrganization({ name: "Second" }, options),
  listOrganizations: ({ nova }, options) => all(nova.organizations(options)),
  getOrganization: ({ org }, options) => org.get(options),
  updateOrganization: ({ org }, options) => org.update({ name: "Renamed" }, options),
  deleteOrganization: async ({ nova }, options) => {
    const { id } = await nova.createOrganization({ name: "Soon gone" });
    return nova.org(id).delete(options);
  },
  listMembers: ({ org }, options) => all(org.members(options)),
  addMember: async ({ org, newPerson }, options) => {
    const { identityId: identity_id } = await newPerson();
    return org.addMember({ identity_id, role: "viewer" }, options);
  },
  getMember: async ({ org, newMember }, options) => org.member(await newMember()).get(options),
  updateMember: async ({ org, newMember }, options) =>
    org.member(await newMember()).update({ role: "operator" }, options),
  removeMember: async ({ org, newMember }, options) =>
    org.member(await newMember()).remove(options),
  createIntegration: ({ org }, options) => org.createIntegration(newIntegration(), options),
  listIntegrations: ({ org }, options) => all(org.integrations(options)),
  getIntegration: ({ org, integrationId }, options) => org.integration(integrationId).get(options),
  updateIntegration: ({ org, integrationId }, options) =>
    org.integration(integrationId).update({ name: "Renamed" }, options),
  replaceIntegrationKey: ({ org, integrationId }, options) =>
    org.integration(integrationId).replaceKey({ generate: true }, options),
  revokeIntegration: async ({ org }, options) => {
    const { id } = await org.createIntegration(newIntegration());
    return org.integration(id).revoke(options);
  },

  // Sites
  listSites: ({ org }, options) => all(org.sites(options)),
  createSite: ({ org }, options) => org.createSite({ name: "A", timezone: "Europe/Rome" }, options),
  getSite: ({ site }, options) => site.get(options),
  updateSite: ({ site }, options) => site.update({ timezone: null }, options),
  deleteSite: async ({ nova, org }, options) => {
    const { id } = await org.createSite({ name: "Soon gone" });
    return nova.site(id).delete(options);
  },
  listSiteDevices: ({ site }, options) => all(site.devices(options)),

  // Gateways
  claimGateway: ({ org, home }, options) => {
    const gateway = createVirtualGateway();
    const { serial: gateway_serial, publicKeyHex: public_key } = gateway;
    const signed = gateway.claimMessage(home.session.identityId);
    return org.claimGateway({ gateway_serial, public_key, ...signed }, options);
  },
  listGateways: ({ org }, options) => all(org.gateways(options)),
  getGateway: ({ gateway }, options) => gateway.get(options),
  updateGateway: ({ gateway }, options) => gateway.update({ battery_sign: "canonical" }, options),
  releaseGateway: async ({ nova, newGateway }, options) =>
    nova.gateway(await newGateway()).release(options),
  getGatewayState: ({ gateway }, options) => gateway.state(options),
  getGatewayStatus: ({ gateway }, options) => gateway.status(options),
  listRejections: ({ gateway }, options) => all(gateway.rejections(options)),

  // Devices and DERs
  provisionDevice: ({ site, home }, options) =>
    site.provisionDevice(
      {
        gateway_serial: home.gateway.serial,
        hardware_id: "abb:Z9",
        device_type: "battery",
        ders: [{ name: "cells", type: "battery" }],
      },
      options,
    ),
  getDevice: ({ nova, deviceId }, options) => nova.device(deviceId).get(options),
  updateDevice: ({ nova, deviceId }, options) =>
    nova.device(deviceId).update({ name: "Roof" }, options),
  deleteDevice: async ({ nova, site, home }, options) => {
    const { device_id } = await site.provisionDevice({
      ...{ gateway_serial: home.gateway.serial, hardware_id: "abb:Z8", device_type: "battery" },
    });
    return nova.device(device_id).delete(options);
  },
  addDer: ({ nova, deviceId }, options) =>
    nova.device(deviceId).addDer({ name: "garage", type: "solar" }, options),
  getDer: ({ nova, derId }, options) => nova.der(derId).get(options),

  // Telemetry
  uploadTelemetry: ({ uploading }, options) => {
    const reading = { type: "pv", timestamp: Date.now(), W: -1 } as const;
    return uploading.upload([{ ...reading, hardware_id: "sungrow:A1", der: "solar" }], options);
  },
  getSiteStatus: ({ site }, options) => site.status(options),
  readSiteTelemetry: ({ site }, options) => site.history({ ...lastHour(), ...options }),
  readDeviceTelemetry: ({ nova, deviceId }, options) =>
    nova.device(deviceId).history({ ...lastHour(), ...options }),
  readDerTelemetry: ({ nova, derId }, options) =>
    nova.der(derId).history({ ...lastHour(), ...options }),
  readLatestTelemetry: ({ site }, options) => all(site.latest(options)),
  getSiteEnergy: ({ site }, options) => site.energy({ ...lastHour(), ...options }),

  // Streams
  createTicket: ({ nova, home }, options) =>
    nova.createTicket({ site_ids: [home.siteId] }, options),
  streamSite: ({ bySse, home }) => first(bySse.site(home.siteId).readings({ snapshot: true })),
  streamSites: ({ bySse, home, otherSiteId }) =>
    first(bySse.sites([home.siteId, otherSiteId]).readings({ snapshot: true })),
  streamOrganization: ({ bySse, home }) =>
    first(bySse.org(home.orgId).readings({ snapshot: true })),
  openWebSocket: ({ nova, home }) => first(nova.site(home.siteId).readings({ snapshot: true })),

  // NATS for back ends
  getNatsCredentials: ({ nova, home }, options) =>
    nova.natsCredentials({ org_id: home.orgId }, options),
  createConsumer: ({ nova, owner }, options) =>
    nova.createConsumer({ ...owner, name: "made", start: "new" }, options),
  listConsumers: ({ nova, owner }, options) => nova.consumers(owner, options),
  getConsumer: ({ nova, owner, consumer }, options) => nova.consumer(consumer, owner).get(options),
  resetConsumer: ({ nova, owner, consumer }, options) =>
    nova.consumer(consumer, owner).reset({ since: 0, from_oldest: true }, options),
  deleteConsumer: async ({ nova, owner }, options) => {
    const { name } = await nova.createConsumer({ ...owner, name: "soon-gone", start: "new" });
    return nova.consumer(name, owner).delete(options);
  },
};

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const read: T[] = [];
  for await (const item of items) read.push(item);
  return read;
}

async function first<T>(items: AsyncIterable<T>): Promise<T | undefined> {
  for await (const item of items) return item;
  return undefined;
}

function lastHour() {
  return { from: Date.now() - 3_600_000 };
}
