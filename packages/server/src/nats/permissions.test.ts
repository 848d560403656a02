import assert from "node:assert/strict";
import { test } from "node:test";
import { devicePermissions, isOwnInbox, isReservedName } from "./permissions.ts";

test("every subject of a login holds its name as a whole token", () => {
  for (const transport of ["nats", "websocket", "mqtt"] as const) {
    const { publish, subscribe } = devicePermissions("gw-1", transport);
    for (const subject of [...publish, ...subscribe]) {
      if (subject === "$MQTT.sub.*") continue;
      assert.match(subject, /^(gateways\.gw-1\.|_INBOX_gw-1\.)/);
    }
  }
});

test("only MQTT may hear the subjects that QoS 1 is delivered on", () => {
  const hears = (transport: "nats" | "websocket" | "mqtt") =>
    devicePermissions("gw-1", transport).subscribe.some((subject) => subject.startsWith("$"));
  assert.deepEqual([hears("nats"), hears("websocket"), hears("mqtt")], [false, false, true]);
});

test("a name that would open other subjects gets no permissions", () => {
  for (const id of ["", "*", ">", "a.b", "a.>", "a b", "a\n", "a/b", "x".repeat(65)]) {
    assert.throws(() => devicePermissions(id, "nats"), /cannot stand in a subject/, id);
  }
});

test("the hub's own names are nobody else's", () => {
  for (const name of [
    "SYS",
    "hub",
    "Auth",
    "DEV",
    "EXT_63",
    "_INBOX",
    "$SYS",
    `U${"A2".repeat(27)}B`,
  ]) {
    assert.equal(isReservedName(name), true, name);
  }
  for (const name of ["gw-1", "hub-7", "idt-0190", "EXT_", "developer"]) {
    assert.equal(isReservedName(name), false, name);
  }
});

test("an inbox belongs to the one whose name it has in full", () => {
  assert.equal(isOwnInbox("gw-1", "_INBOX_gw-1.abc.1"), true);
  for (const reply of ["", "_INBOX.abc", "_INBOX_gw-10.abc", "_INBOX_gw-1", "gateways.gw-1.x"]) {
    assert.equal(isOwnInbox("gw-1", reply), false, reply);
  }
});
