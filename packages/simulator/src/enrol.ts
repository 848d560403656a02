import type { VirtualGateway } from "./gateway.ts";
import type { Person } from "./person.ts";
import { type HomeDevice, homeDevices } from "./readings.ts";
import { createRestClient, list, type RestClient, text } from "./rest-client.ts";

/** Somebody who is logged in. The token is a secret, valid for 24 hours. */
export interface Session {
  readonly identityId: string;
  readonly token: string;
  readonly rest: RestClient;
}

export interface ProvisionedDevice {
  readonly deviceId: string;
  readonly hardwareId: string;
  readonly derId: string;
  readonly derName: string;
}

/** Registers the person's key as a user (again is fine) and logs in. */
export async function signUp(
  baseUrl: string,
  person: Person,
  name = "Virtual person",
): Promise<Session> {
  const rest = createRestClient(baseUrl);
  await rest.post("/identity/register", { public_key: person.publicKey, type: "user", name });
  return logIn(baseUrl, person);
}

/** Answers a challenge with the person's key; the way to a new token too. */
export async function logIn(baseUrl: string, person: Person): Promise<Session> {
  const rest = createRestClient(baseUrl);
  const public_key = person.publicKey;
  const challenge = text(await rest.post("/auth/challenge", { public_key }), "challenge");
  const signature = person.sign(challenge);
  const verified = await rest.post("/auth/verify", { public_key, signature, challenge });
  const token = text(verified, "token");
  return {
    identityId: text(verified, "identity_id"),
    token,
    rest: createRestClient(baseUrl, token),
  };
}

export async function createOrganization(
  { rest }: Pick<Session, "rest">,
  name: string,
): Promise<string> {
  return text(await rest.post("/organizations", { name }), "id");
}

/** `timezone` is an IANA name. */
export async function createSite(
  { rest }: Pick<Session, "rest">,
  site: { readonly orgId: string; readonly name: string; readonly timezone?: string },
): Promise<string> {
  const { orgId, name, timezone } = site;
  const body = { org_id: orgId, name, ...(timezone === undefined ? {} : { timezone }) };
  return text(await rest.post("/sites", body), "id");
}

/** Claims the gateway into the organization; again changes nothing. */
export async function claimGateway(
  { rest, identityId }: Pick<Session, "rest" | "identityId">,
  { orgId, gateway }: { readonly orgId: string; readonly gateway: VirtualGateway },
): Promise<void> {
  await rest.post("/gateways/claim", {
    org_id: orgId,
    gateway_serial: gateway.serial,
    public_key: gateway.publicKeyHex,
    ...gateway.claimMessage(identityId),
  });
}

/** Provisions the devices of a home behind a gateway; again gives the same ids. */
export async function provisionHome(
  { rest }: Pick<Session, "rest">,
  home: {
    readonly serial: string;
    readonly siteId: string;
    readonly devices?: readonly Pick<HomeDevice, "hardwareId" | "deviceType" | "name" | "der">[];
  },
): Promise<readonly ProvisionedDevice[]> {
  const provisioned: ProvisionedDevice[] = [];
  for (const { hardwareId, deviceType, name, der } of home.devices ?? homeDevices) {
    const device = await rest.post("/devices/provision", {
      gateway_serial: home.serial,
      hardware_id: hardwareId,
      device_type: deviceType,
      site_id: home.siteId,
      name,
      manufacturer: "Novacore",
      model: "Simulator",
      ders: [der],
    });
    const found = list(device, "ders").find((candidate) => candidate.name === der.name);
    if (found === undefined) throw new Error(`${hardwareId} was provisioned without ${der.name}`);
    provisioned.push({
      deviceId: text(device, "device_id"),
      hardwareId,
      derId: text(found, "id"),
      derName: der.name,
    });
  }
  return provisioned;
}
