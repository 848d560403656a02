import assert from "node:assert/strict";
import { test } from "node:test";
import { MqttClientIds } from "./mqtt-client-ids.ts";

test("the first to use a client id keeps it", () => {
  const ids = new MqttClientIds();
  assert.equal(ids.take("mqttjs_1", "gw-1"), true);
  assert.equal(ids.take("mqttjs_1", "gw-1"), true);
  assert.equal(ids.take("mqttjs_1", "gw-2"), false);
});

test("a client id that holds one's own name is one's own, whoever came first", () => {
  const ids = new MqttClientIds();
  assert.equal(ids.take("gw-7-main", "intruder"), true);
  assert.equal(ids.take("gw-7-main", "gw-7"), true);
  assert.equal(ids.take("gw-7-main", "intruder"), false);
});

test("of two names in a client id the longer one wins", () => {
  const ids = new MqttClientIds();
  assert.equal(ids.take("gw-7-main", "gw"), true);
  assert.equal(ids.take("gw-7-main", "gw-7"), true);
  assert.equal(ids.take("gw-7-main", "gw"), false);
});

test("the client ids of a revoked identity are free again", () => {
  const ids = new MqttClientIds();
  ids.take("main", "gw-1");
  ids.forget("gw-1");
  assert.equal(ids.take("main", "gw-2"), true);
});
