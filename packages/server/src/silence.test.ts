import assert from "node:assert/strict";
import { test } from "node:test";
import type { Silence } from "./deliver/liveness.ts";
import type { GatewayPresence } from "./gateway-presence.ts";
import { limits } from "./limits.ts";
import type { Device } from "./registry/devices.ts";
import { explainSilence } from "./silence.ts";
import type { RejectionRecord } from "./store/rejections.ts";

const now = 1_700_000_000_000;
const createdAt = new Date(now).toISOString();

function device(id: string, state: Device["state"] = "active"): Device {
  return {
    ...{ id, orgId: "org", siteId: "sit", gatewaySerial: "gw", hardwareId: `hw:${id}`, state },
    ...{ name: null, manufacturer: null, model: null, type: "energy_meter", createdAt },
    movedAt: null,
    ders: [{ id: `der-${id}`, deviceId: id, name: "grid", type: "meter", createdAt }],
  };
}

const away: GatewayPresence = {
  claimStartMs: 0,
  isConnected: false,
  sinceMs: undefined,
  lastSeenMs: undefined,
  clock: undefined,
  clockDriftMs: undefined,
};

interface Case {
  readonly presence?: Partial<GatewayPresence>;
  readonly rejections?: readonly Partial<RejectionRecord>[];
  readonly devices?: readonly Device[];
  readonly receivedAtMs?: number | undefined;
  readonly online?: Silence["online"];
}

/** Why the DER of the first device is silent; it sent an hour ago. */
async function reasonFor(each: Case): Promise<string | undefined> {
  const { presence = {}, rejections = [], devices = [device("a"), device("b")] } = each;
  const receivedAtMs = "receivedAtMs" in each ? each.receivedAtMs : now - 3_600_000;
  const reasons = await explainSilence(
    {
      presences: { of: async () => ({ ...away, ...presence }) },
      readTree: async () => ({
        ...{ serial: "gw", orgId: "org", batterySign: "canonical" },
        devices: devices.map(({ id, hardwareId, siteId, state }) => ({
          ...{ deviceId: id, hardwareId, siteId, state },
          ders: [{ derId: `der-${id}`, name: "grid", readingType: "meter" }],
        })),
      }),
      readRejections: async (_serial, sinceMs) => {
        assert.equal(sinceMs, now - limits.rejectedRecentlyMs);
        return rejections.map((rejection) => ({
          ...{ received_at: now - 60_000, gateway_serial: "gw", hardware_id: "hw_a", der: "meter" },
          ...{ error: "reading_invalid", message: "", original: "", original_bytes: 0 },
          ...{ truncated: false, ...rejection },
        }));
      },
      now: () => now,
    },
    devices,
    { silent: [{ derId: "der-a", receivedAtMs }], online: each.online ?? [] },
  );
  return reasons.get("der-a");
}

const rows: readonly (readonly [name: string, Case, reason: string | undefined])[] = [
  ["its gateway is connected", { presence: { isConnected: true } }, "device_silent"],
  ["nothing is known of its gateway", {}, "gateway_disconnected"],
  ["its gateway has left", { presence: { sinceMs: now - 30_000 } }, "gateway_disconnected"],
  [
    "its gateway was heard of just before it left",
    { presence: { sinceMs: now - 30_000, lastSeenMs: now - 29_500 } },
    "gateway_disconnected",
  ],
  [
    "its gateway uploads without a connection",
    { presence: { lastSeenMs: now - 50_000 } },
    "device_silent",
  ],
  [
    "its gateway has left and uploads since",
    { presence: { sinceMs: now - 600_000, lastSeenMs: now - 50_000 } },
    "device_silent",
  ],
  [
    "its gateway has not uploaded for long",
    { presence: { lastSeenMs: now - limits.gatewayPresentMs - 1 } },
    "gateway_disconnected",
  ],
  [
    "another DER of a gateway that uploads once an hour is online",
    {
      presence: { lastSeenMs: now - 3_000_000 },
      online: [{ derId: "der-b", receivedAtMs: now - 3_000_000 }],
    },
    "device_silent",
  ],
  [
    "another DER is still online of a gateway that has just left",
    {
      presence: { sinceMs: now - 11_000 },
      online: [{ derId: "der-b", receivedAtMs: now - 12_000 }],
    },
    "gateway_disconnected",
  ],
  [
    "its readings are refused, whatever else there is",
    { presence: { isConnected: true }, rejections: [{}] },
    "rejected",
  ],
  [
    "its readings were refused before its gateway was claimed",
    { presence: { isConnected: true, claimStartMs: now - 59_999 }, rejections: [{}] },
    "device_silent",
  ],
  [
    "its readings were refused where it stood before",
    {
      presence: { isConnected: true },
      rejections: [{}],
      devices: [{ ...device("a"), movedAt: new Date(now - 59_999).toISOString() }],
    },
    "device_silent",
  ],
  [
    "it has reported since its last reading was refused",
    { presence: { isConnected: true }, rejections: [{}], receivedAtMs: now - 59_999 },
    "device_silent",
  ],
  [
    "readings of another one are refused",
    { presence: { isConnected: true }, rejections: [{ hardware_id: "hw:b" }] },
    "device_silent",
  ],
  [
    "what is refused names no DER",
    { presence: { isConnected: true }, rejections: [{ hardware_id: "x" }, { der: "x" }] },
    "device_silent",
  ],
  [
    "it never sent anything",
    { presence: { isConnected: true }, receivedAtMs: undefined },
    "never_reported",
  ],
  ["it and its gateway never came", { receivedAtMs: undefined }, "gateway_disconnected"],
  [
    "its gateway has moved",
    { presence: { isConnected: true }, devices: [device("a", "orphaned")] },
    "gateway_disconnected",
  ],
  ["it is not known any more", { devices: [device("b")] }, undefined],
];

for (const [name, each, reason] of rows) {
  test(`a DER is silent and ${name}: ${reason}`, async () => {
    assert.equal(await reasonFor(each), reason);
  });
}
