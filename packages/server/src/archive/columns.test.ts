import assert from "node:assert/strict";
import { test } from "node:test";
import { readingSchemas, readingTypes } from "@novacore/protocol";
import { columnIndex, columns, memberColumns, subjectOf, toReading, toRow } from "./columns.ts";

const address = { orgId: "org-1", siteId: "sit-1", deviceId: "dev-1", derId: "der-1" };
const origin = { org_id: "org-1", site_id: "sit-1", device_id: "dev-1", der_id: "der-1" };

function roundTrip(reading: object): unknown {
  const row = toRow(Buffer.from(JSON.stringify(reading)), address, { epoch: 5, sequence: 7 });
  return { ...toReading(row, "org-1") };
}

test("a reading comes back as it was stored, unknown members and arrays too", () => {
  const reading = {
    ...{ ...origin, der_name: "main", received_at: 1_790_000_000_500, backfilled: true },
    ...{ type: "v2x_charger", timestamp: 1_790_000_000_000, W: -7000.25, plug_connected: false },
    ...{ upper_limit_W: [1400, 0, 11_000], status: "V2G", vendor: { a: [null, "ü"] }, mppt9_V: 1 },
    ...{ extra: "a member of that very name", epoch: 9, sequence: 8, make: 5, constructor: 1 },
  };
  assert.deepEqual(roundTrip(reading), reading);
});

test("a member named __proto__ is one like any other", () => {
  const text = '{"type":"pv","timestamp":1,"org_id":"org-1","__proto__":{"W":1}}';
  const row = toRow(Buffer.from(text), address, undefined);
  assert.equal(row[columnIndex("W")], null);
  assert.match(JSON.stringify(toReading(row, "org-1")), /"__proto__":\{"W":1\}/);
});

test("every member of every schema has one column of its own", () => {
  const names = columns.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  for (const type of readingTypes) {
    for (const name of Object.keys(readingSchemas[type].properties)) {
      assert.ok(names.includes(name), `${type}.${name}`);
    }
  }
  assert.ok(memberColumns.some(({ name, type }) => name === "W" && type === "DOUBLE"));
  assert.ok(
    memberColumns.some(({ name, type }) => name === "plug_connected" && type === "BOOLEAN"),
  );
});

test("a row says where its reading stood", () => {
  const row = toRow(Buffer.from('{"type":"pv","timestamp":1}'), address, { epoch: 5, sequence: 7 });
  assert.equal(row[columnIndex("sequence")], 7);
  assert.equal(row[columnIndex("epoch")], 5);
  assert.equal(
    subjectOf(row, "org-1"),
    "orgs.org-1.sites.sit-1.devices.dev-1.ders.der-1.telemetry.json.v1",
  );
});
