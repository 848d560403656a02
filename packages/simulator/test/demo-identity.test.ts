import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { demoFilePath, readEarlierHome, writeDemoFile } from "../src/demo-file.ts";
import { readDemoIdentity } from "../src/demo-identity.ts";

const dataDir = mkdtempSync(join(tmpdir(), "novacore-demo-"));
after(() => rmSync(dataDir, { recursive: true }));
const nowMs = Date.UTC(2026, 5, 1, 21, 30);

test("a second start is the same person, gateway and place", () => {
  const first = readDemoIdentity(dataDir, nowMs);
  const second = readDemoIdentity(dataDir, nowMs + 5 * 3_600_000);
  assert.equal(second.person.publicKey, first.person.publicKey);
  assert.equal(second.gateway.serial, first.gateway.serial);
  assert.equal(second.gateway.publicKeyHex, first.gateway.publicKeyHex);
  assert.equal(second.utcOffsetHours, first.utcOffsetHours);
});

test("the keys are for their owner alone, and nothing unfinished is left", () => {
  readDemoIdentity(dataDir, nowMs);
  const files = readdirSync(join(dataDir, "demo"));
  const expected = ["gateway-key.pem", "gateway-serial", "person-key.pem", "utc-offset-hours"];
  assert.deepEqual(files.toSorted(), expected);
  for (const file of files) {
    assert.equal(statSync(join(dataDir, "demo", file)).mode & 0o777, 0o600, file);
  }
});

test("wherever the first start is, it is late afternoon at the demo's home", () => {
  for (let hour = 0; hour < 24; hour++) {
    const folder = mkdtempSync(join(tmpdir(), "novacore-demo-"));
    const startMs = Date.UTC(2026, 0, 1, hour, 5);
    const { utcOffsetHours, timezone } = readDemoIdentity(folder, startMs);
    rmSync(folder, { recursive: true });
    assert.equal((hour + utcOffsetHours + 24) % 24, 16);
    const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", timeZone: timezone });
    assert.equal(clock.format(startMs), "16", timezone);
  }
});

test("demo.json is for its owner alone and tells the next start where it was", () => {
  assert.equal(readEarlierHome(dataDir), undefined);
  writeDemoFile(dataDir, {
    ...{ base_url: "http://127.0.0.1:1", ws_url: "ws://127.0.0.1:2", nats_url: "nats://h:3" },
    ...{ mqtt_url: "mqtt://h:4", org_id: "org-1", site_id: "sit-1", token: "t" },
    ...{ identity_id: "idt-1", gateway_serial: "demo-1" },
  });
  assert.deepEqual(readEarlierHome(dataDir), { orgId: "org-1", siteId: "sit-1" });
  assert.equal(statSync(demoFilePath(dataDir)).mode & 0o777, 0o600);
});
