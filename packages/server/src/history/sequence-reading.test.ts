import assert from "node:assert/strict";
import { test } from "node:test";
import { toRow } from "../archive/columns.ts";
import { toMessage } from "./sequence-reading.ts";

const address = { orgId: "org-1", siteId: "sit-1", deviceId: "dev-1", derId: "der-1" };
const origin = '"org_id":"org-1","site_id":"sit-1","device_id":"dev-1","der_id":"der-1"';
const told = (payload: string) => {
  const row = toRow(Buffer.from(payload), address, { epoch: 9, sequence: 7 });
  return toMessage(row, "org-1");
};

test("a reading comes out of the archive as it came out of the stream, under its subject", () => {
  const payload =
    '{"type":"pv","timestamp":1790000000000,"make":"SMA","W":-713.2,"V":230,' +
    `"backfilled":true,${origin},"der_name":"roof","received_at":1790000000300}`;
  const message = told(payload);
  assert.deepEqual(JSON.parse(Buffer.from(message.payload).toString()), JSON.parse(payload));
  assert.equal(message.sequence, 7);
  assert.equal(
    message.subject,
    "orgs.org-1.sites.sit-1.devices.dev-1.ders.der-1.telemetry.json.v1",
  );
});

test("the hub's own members stand where it looks for them, whatever the reading's are called", () => {
  const strange = '"7":1,"__proto__":{"a":[1]},"note":"line\\nbreak","mppt9_V":3';
  const payload =
    `{"type":"battery","timestamp":5,"W":1,${strange},"backfilled":true,` +
    `${origin},"der_name":"b","received_at":6}`;
  const json = Buffer.from(told(payload).payload).toString();
  assert.match(json, /^\{"type":"battery","timestamp":5,/);
  assert.match(json, /,"backfilled":true,"org_id":"org-1",.*,"der_name":"b","received_at":6\}$/);
  assert.deepEqual(JSON.parse(json), JSON.parse(payload));
  assert.doesNotMatch(json, /\n/);
});
