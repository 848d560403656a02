import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayKey } from "./key.ts";
import { checkOptions, type GatewayOptions } from "./options.ts";

const good: GatewayOptions = {
  ...{ baseUrl: "https://hub.example", serial: "gw-1", spoolPath: "/var/lib/gw-1" },
  key: GatewayKey.generate(),
  via: "http",
};

/** As a program without types gives them. */
const check = (options: object) => checkOptions({ ...good, ...options } as GatewayOptions);

test("what a program without types gives wrong is told at once, with the value where it is no secret", () => {
  checkOptions(good);
  for (const [options, message] of [
    [{ via: "amqp" }, /via is "amqp"; give "http", "mqtt" or "nats"/],
    [{ via: undefined }, /via is undefined/],
    [{ key: "k.pem" }, /GatewayKey\.open/],
    [{ via: "mqtt" }, /mqttUrl is undefined/],
    [{ via: "nats", natsUrl: "http://hub" }, /natsUrl is http:\/\/hub/],
    [{ baseUrl: "hub.example" }, /not hub\.example/],
    [{ spoolBytesMax: 10 }, /spoolBytesMax is 10/],
  ] as const) {
    assert.throws(() => check(options), { code: "options_invalid", message });
  }
});
