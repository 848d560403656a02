import assert from "node:assert/strict";
import { test } from "node:test";
import {
  backEndPermissions,
  consumerPlaces,
  devicePermissions,
  isOwnInbox,
  isReservedName,
} from "./permissions.ts";

test("every subject of a login holds its name as a whole token", () => {
  for (const transport of ["nats", "websocket", "mqtt"] as const) {
    const { publish, subscribe } = devicePermissions("gw-1", transport);
    for (const subject of [...publish, ...subscribe]) {
      if (subject === "$MQTT.sub.*") continue;
      assert.match(subject, /^(gateways\.gw-1\.|_INBOX_gw-1\.)/);
    }
  }
});

test("every subject of a back end holds its organization, its inbox or its consumer's name", () => {
  const backEnd = { identityId: "idt-1", orgId: "org-1", siteIds: undefined };
  const { publish, subscribe } = backEndPermissions(backEnd);
  assert.deepEqual(subscribe, ["_INBOX_idt-1.>", "orgs.org-1.>"]);
  const places = consumerPlaces("idt-1");
  assert.equal(publish.length, 4 * places.length);
  for (const subject of publish) {
    const tokens = subject.split(".");
    // Where the consumer's name stands, and only what comes after it is left open.
    const at = tokens.findIndex((token) => places.includes(token));
    assert.ok(at > 0, subject);
    const before = tokens.slice(0, at).join(".");
    assert.match(
      before,
      /^\$JS\.(hub\.API\.CONSUMER\.(MSG\.NEXT|INFO)|ACK(\._\.\*)?)\.ENRICHED_TELEMETRY$/,
    );
    assert.match(tokens.slice(at + 1).join("."), /^>?$/);
  }
});

test("a back end that is limited to sites hears them alone, and never none", () => {
  const backEnd = { identityId: "idt-1", orgId: "org-1" };
  const { subscribe } = backEndPermissions({ ...backEnd, siteIds: ["sit-1", "sit-2"] });
  assert.deepEqual(subscribe.slice(1), ["orgs.org-1.sites.sit-1.>", "orgs.org-1.sites.sit-2.>"]);
  assert.throws(() => backEndPermissions({ ...backEnd, siteIds: [] }), /sees no site/);
});

test("an id that would open other subjects gets a back end no permissions", () => {
  const good = { identityId: "idt-1", orgId: "org-1", siteIds: ["sit-1"] };
  for (const id of ["", "*", ">", "a.b", "a b", "x".repeat(65)]) {
    for (const bad of [{ identityId: id }, { orgId: id }, { siteIds: [id] }]) {
      assert.throws(() => backEndPermissions({ ...good, ...bad }), /cannot stand in a subject/, id);
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
