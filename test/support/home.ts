import {
  claimGateway,
  createOrganization,
  createPerson,
  createSite,
  createVirtualGateway,
  type Session,
  signUp,
  type VirtualGateway,
} from "@novacore/simulator";
import type { DerKey } from "../conformance/dialect-rows.ts";

/** Where a DER of the test home hangs, as its gateway addresses it. */
export interface HomeDer {
  readonly gateway: VirtualGateway;
  readonly hardwareId: string;
  readonly der: string;
  readonly derId: string;
}

/** An organization with one site, two gateways and a DER of every kind, made over REST. */
export interface Home {
  readonly url: string;
  readonly session: Session;
  readonly token: string;
  readonly orgId: string;
  readonly siteId: string;
  readonly gateway: VirtualGateway;
  readonly ders: Readonly<Record<DerKey, HomeDer>>;
  /** Uploads one reading over HTTP and fails unless it was stored. */
  publish(der: DerKey, reading: object): Promise<void>;
}

interface Provision {
  readonly key: DerKey;
  readonly hardwareId: string;
  readonly deviceType: string;
  readonly ders: readonly { readonly name: string; readonly type: string }[];
  /** How the gateway names the DER in its topics: by name, or by type. */
  readonly der: string;
  readonly negated?: true;
}

const provisions: readonly Provision[] = [
  {
    key: "solar",
    hardwareId: "sungrow:A1",
    deviceType: "inverter",
    ders: [{ name: "roof", type: "solar" }],
    der: "solar",
  },
  {
    key: "battery",
    hardwareId: "byd:B1",
    deviceType: "battery",
    ders: [{ name: "battery", type: "battery" }],
    der: "battery",
  },
  {
    key: "meter",
    hardwareId: "ep:10.0.0.7:502",
    deviceType: "meter",
    ders: [{ name: "grid", type: "meter" }],
    der: "grid",
  },
  {
    key: "charger",
    hardwareId: "mac:aa-bb-cc",
    deviceType: "ev_charger",
    ders: [{ name: "port-1", type: "ev_charger_port" }],
    der: "port-1",
  },
  {
    key: "v2x",
    hardwareId: "ambibox-1",
    deviceType: "v2x_charger",
    ders: [{ name: "port-1", type: "ev_charger_port" }],
    der: "ev_charger_port",
  },
  {
    key: "named-solar",
    hardwareId: "fronius:F1",
    deviceType: "inverter",
    ders: [
      { name: "roof-east", type: "solar" },
      { name: "roof-west", type: "solar" },
    ],
    der: "roof-east",
  },
  {
    key: "negated-battery",
    hardwareId: "legacy-1",
    deviceType: "battery",
    ders: [{ name: "battery", type: "battery" }],
    der: "battery",
    negated: true,
  },
];

export async function createHome(hub: { readonly url: string }): Promise<Home> {
  const session = await signUp(hub.url, createPerson());
  const orgId = await createOrganization(session, "Test");
  const siteId = await createSite(session, { orgId, name: "Test home" });
  const gateway = createVirtualGateway();
  const legacyGateway = createVirtualGateway();
  for (const each of [gateway, legacyGateway])
    await claimGateway(session, { orgId, gateway: each });
  const api = createApi(hub.url, session.token);
  await api("PUT", `/gateways/${legacyGateway.serial}`, { battery_sign: "negated" });

  const entries: [DerKey, HomeDer][] = [];
  for (const { key, hardwareId, deviceType, ders, der, negated } of provisions) {
    const owner = negated ? legacyGateway : gateway;
    const device = await api("POST", "/devices/provision", {
      gateway_serial: owner.serial,
      hardware_id: hardwareId,
      device_type: deviceType,
      site_id: siteId,
      ders,
    });
    entries.push([key, { gateway: owner, hardwareId, der, derId: device.ders[0].id }]);
  }
  const byKey = Object.fromEntries(entries) as Record<DerKey, HomeDer>;
  return {
    url: hub.url,
    session,
    token: session.token,
    orgId,
    siteId,
    gateway,
    ders: byKey,
    async publish(key, reading) {
      const { gateway: owner, hardwareId, der } = byKey[key];
      const upload = createApi(hub.url, owner.loginJwt());
      const body = [{ ...reading, hardware_id: hardwareId, der }];
      const answer = await upload("POST", `/gateways/${owner.serial}/telemetry`, body);
      if (answer.results[0].status !== "stored") throw new Error(JSON.stringify(answer));
    },
  };
}

/** A REST call whose answer is looked into without types, as a test may. */
// biome-ignore lint/suspicious/noExplicitAny: tests read answers as a client without types does
export type Api = (method: string, path: string, body?: unknown) => Promise<any>;

/** Throws with status and body for every answer that is not 2xx. */
export function createApi(baseUrl: string, token?: string): Api {
  return async (method, path, body) => {
    const headers: Record<string, string> = {};
    if (token !== undefined) headers.authorization = `Bearer ${token}`;
    if (body !== undefined) headers["content-type"] = "application/json";
    const response = await fetch(new URL(path, baseUrl), {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} → ${response.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  };
}
