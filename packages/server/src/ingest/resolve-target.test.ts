import assert from "node:assert/strict";
import { test } from "node:test";
import { Refusal } from "./refusal.ts";
import { type GatewayTree, resolveTarget } from "./resolve-target.ts";

const device = (
  hardwareId: string,
  ders: GatewayTree["devices"][number]["ders"],
  state: "pending" | "active" | "orphaned" = "active",
) => ({ deviceId: `dev-${hardwareId}-${state}`, hardwareId, siteId: "sit-1", state, ders });

const der = (name: string, readingType: "pv" | "battery" | "meter" | "v2x_charger") => ({
  derId: `der-${name}`,
  name,
  readingType,
});

const tree: GatewayTree = {
  serial: "gw",
  orgId: "org-1",
  batterySign: "negated",
  devices: [
    device("acme:1", [der("solar", "pv"), der("store", "battery")]),
    device("two-roofs", [der("east", "pv"), der("west", "pv"), der("pv", "battery")]),
    device("ep:10.0.0.1:502", [der("m", "meter")], "pending"),
    device("twin:1", []),
    device("twin.1", []),
    device("car", [der("port", "v2x_charger")]),
    device("gone", [der("solar", "pv")], "orphaned"),
  ],
};

const rows: readonly (readonly [string, string, string])[] = [
  ["acme:1", "solar", "der-solar"],
  ["acme_1", "solar", "der-solar"],
  ["acme_1", "pv", "der-solar"],
  ["acme_1", "battery", "der-store"],
  ["two-roofs", "east", "der-east"],
  ["two-roofs", "pv", "der-pv"],
  ["two-roofs", "solar", "der_ambiguous"],
  ["two-roofs", "meter", "der_unknown"],
  ["ep_10_0_0_1_502", "meter", "der-m"],
  ["ep:10.0.0.1:502", "m", "der-m"],
  ["twin:1", "meter", "der_unknown"],
  ["twin_1", "meter", "device_ambiguous"],
  ["car", "V2X", "der-port"],
  ["car", "ev_charger_port", "der-port"],
  ["gone", "solar", "device_orphaned"],
  ["nobody", "solar", "device_unknown"],
];

for (const [hardwareId, name, expected] of rows) {
  test(`${hardwareId} / ${name} is ${expected}`, () => {
    const found = resolveTarget(tree, "gw", hardwareId, name);
    assert.equal(found instanceof Refusal ? found.code : found.derId, expected);
  });
}

test("a present device goes before an orphaned one of the same name", () => {
  const both = {
    ...tree,
    devices: [device("a:b", [der("old", "pv")], "orphaned"), device("a.b", [der("new", "pv")])],
  };
  const found = resolveTarget(both, "gw", "a_b", "pv");
  assert.ok(!(found instanceof Refusal));
  assert.equal(found.derId, "der-new");
});

test("a gateway that nobody claimed, or that was released, is refused", () => {
  const unknown = resolveTarget(undefined, "gw", "a", "b");
  const released = resolveTarget({ ...tree, orgId: undefined }, "gw", "a", "b");
  assert.ok(unknown instanceof Refusal && released instanceof Refusal);
  assert.deepEqual([unknown.code, released.code], ["gateway_unknown", "gateway_released"]);
});

test("a target carries what is the same for all its readings", () => {
  const found = resolveTarget(tree, "gw", "acme:1", "battery");
  assert.ok(!(found instanceof Refusal));
  assert.equal(
    found.subject,
    "orgs.org-1.sites.sit-1.devices.dev-acme:1-active.ders.der-store.telemetry.json.v1",
  );
  assert.deepEqual(JSON.parse(`{"type":"battery"${found.origin}5}`), {
    type: "battery",
    org_id: "org-1",
    site_id: "sit-1",
    device_id: "dev-acme:1-active",
    der_id: "der-store",
    der_name: "store",
    received_at: 5,
  });
  assert.deepEqual([found.negatedBattery, found.pending], [true, false]);
});
