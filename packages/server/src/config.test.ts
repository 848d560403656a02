import assert from "node:assert/strict";
import { test } from "node:test";
import { readConfig } from "./config.ts";

test("without any setting the hub listens on this machine alone, on the documented ports", () => {
  const { host, httpPort, realtimePort, natsPort, mqttPort, dataDir, logLevel } = readConfig({});
  assert.deepEqual(
    { host, httpPort, realtimePort, natsPort, mqttPort, dataDir, logLevel },
    {
      host: "127.0.0.1",
      httpPort: 8080,
      realtimePort: 4443,
      natsPort: 4222,
      mqttPort: 1883,
      dataDir: ".novacore",
      logLevel: "info",
    },
  );
});

test("an empty setting counts as not set", () => {
  assert.equal(readConfig({ NOVACORE_HTTP_PORT: " ", DATABASE_URL: "" }).httpPort, 8080);
  assert.equal(readConfig({ DATABASE_URL: "" }).databaseUrl, undefined);
});

test("a wrong setting is one sentence with the variable, its value and the way out", () => {
  assert.throws(
    () => readConfig({ NOVACORE_HTTP_PORT: "80x" }),
    /NOVACORE_HTTP_PORT is "80x"; give/,
  );
  assert.throws(() => readConfig({ NOVACORE_MQTT_PORT: "65536" }), /NOVACORE_MQTT_PORT is "65536"/);
  assert.throws(
    () => readConfig({ NOVACORE_REGISTRATION: "everybody" }),
    /NOVACORE_REGISTRATION is "everybody"; give one of open, invite-only, closed/,
  );
});

test("lists are split by commas, with blanks left out", () => {
  const { corsOrigins } = readConfig({
    NOVACORE_CORS_ORIGINS: "https://a.example, ,https://b.example",
  });
  assert.deepEqual(corsOrigins, ["https://a.example", "https://b.example"]);
});
