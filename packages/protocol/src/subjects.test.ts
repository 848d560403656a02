import assert from "node:assert/strict";
import { test } from "node:test";
import {
  backfillSubject,
  enrichedSubject,
  gatewayTelemetrySubject,
  parseBackfillSubject,
  parseEnrichedSubject,
  parseGatewayTelemetrySubject,
  sanitiseHardwareId,
} from "./subjects.ts";

test("a gateway's subject comes back as its parts", () => {
  const address = { serial: "zap-1", hardwareId: "sungrow_A12", der: "solar" };
  const subject = "gateways.zap-1.devices.sungrow_A12.ders.solar.telemetry.json.v1";
  assert.equal(gatewayTelemetrySubject(address), subject);
  assert.deepEqual(parseGatewayTelemetrySubject(subject), address);
});

test("an enriched subject comes back as its parts", () => {
  const address = { orgId: "org-1", siteId: "sit-2", deviceId: "dev-3", derId: "der-4" };
  const subject = "orgs.org-1.sites.sit-2.devices.dev-3.ders.der-4.telemetry.json.v1";
  assert.equal(enrichedSubject(address), subject);
  assert.deepEqual(parseEnrichedSubject(subject), address);
});

test("any other subject is not taken for one of ours", () => {
  for (const subject of [
    "",
    "gateways.a.devices.b.ders.c.telemetry.json.v2",
    "gateways.a.devices.b.ders.c.telemetry.json.v1.x",
    "gateways..devices.b.ders.c.telemetry.json.v1",
    "gateways.a.state.json.v1",
    "orgs.a.sites.b.devices.c.ders.d.telemetry.json.v1",
  ]) {
    assert.equal(parseGatewayTelemetrySubject(subject), undefined, subject);
  }
  assert.equal(parseEnrichedSubject("orgs.a.sites.b.devices.c.ders..telemetry.json.v1"), undefined);
});

test("what waits for the archive stands under the name that it would have in the stream", () => {
  const address = { orgId: "a", siteId: "b", deviceId: "c", derId: "d" };
  const subject = "backfill.orgs.a.sites.b.devices.c.ders.d.telemetry.json.v1";
  assert.equal(backfillSubject(address), subject);
  assert.deepEqual(parseBackfillSubject(subject), address);
  assert.equal(parseBackfillSubject(enrichedSubject(address)), undefined);
  assert.equal(parseEnrichedSubject(subject), undefined);
});

test("a hardware_id becomes one subject token", () => {
  assert.equal(sanitiseHardwareId("ep:10.0.0.7:502"), "ep_10_0_0_7_502");
  assert.equal(sanitiseHardwareId("mac:aa-bb_1"), "mac_aa-bb_1");
  assert.equal(sanitiseHardwareId("é😀/*>"), "_____");
});
