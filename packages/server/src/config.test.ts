import assert from "node:assert/strict";
import { test } from "node:test";
import { archivePlace, readConfig } from "./config.ts";

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

test("TLS takes both files or neither", () => {
  const [NOVACORE_TLS_CERT, NOVACORE_TLS_KEY] = ["/a/tls.crt", "/a/tls.key"];
  assert.equal(readConfig({}).tls, undefined);
  assert.deepEqual(readConfig({ NOVACORE_TLS_CERT, NOVACORE_TLS_KEY }).tls, {
    certPath: NOVACORE_TLS_CERT,
    keyPath: NOVACORE_TLS_KEY,
  });
  assert.throws(
    () => readConfig({ NOVACORE_TLS_CERT }),
    /^Error: NOVACORE_TLS_CERT is set without NOVACORE_TLS_KEY; TLS needs both files\.$/,
  );
  assert.throws(
    () => readConfig({ NOVACORE_TLS_KEY }),
    /^Error: NOVACORE_TLS_KEY is set without NOVACORE_TLS_CERT;/,
  );
});

test("the WebSocket address of nats-server is one, and belongs to an operated server", () => {
  const NATS_URL = "nats://nats.example:4222";
  for (const url of ["ws://127.0.0.1:8081", "wss://nats.example", "ws://[::1]:80/"]) {
    const read = readConfig({ NATS_URL, NATS_WEBSOCKET_URL: url });
    assert.equal(read.natsWebsocketUrl, url);
  }
  for (const wrong of [
    "nats.example:8081",
    "http://nats.example",
    "ws://u:secret@nats.example",
    "ws://nats.example/path",
    "ws://nats.example?q",
    "ws://nats.example:99999",
  ]) {
    assert.throws(
      () => readConfig({ NATS_URL, NATS_WEBSOCKET_URL: wrong }),
      (error: Error) => {
        assert.match(error.message, /^NATS_WEBSOCKET_URL is no WebSocket address; give ws:/);
        assert.doesNotMatch(error.message, /secret/);
        return true;
      },
    );
  }
  assert.throws(
    () => readConfig({ NATS_WEBSOCKET_URL: "ws://127.0.0.1:8081" }),
    /^Error: NATS_WEBSOCKET_URL is set without NATS_URL;/,
  );
});

test("lists are split by commas, with blanks left out", () => {
  const { corsOrigins } = readConfig({
    NOVACORE_CORS_ORIGINS: "https://a.example, ,https://b.example",
  });
  assert.deepEqual(corsOrigins, ["https://a.example", "https://b.example"]);
});

test("the archive is in the data folder, elsewhere, or off", () => {
  const byDefault = readConfig({ NOVACORE_DATA_DIR: "/data" });
  assert.equal(archivePlace(byDefault).root, "/data/archive");
  const { archive } = byDefault;
  assert.deepEqual([archive?.intervalMs, archive?.partition], [60_000, { index: 0, count: 1 }]);
  const elsewhere = readConfig({
    ...{ NOVACORE_ARCHIVE: "/disk/a", NOVACORE_ARCHIVE_INTERVAL: "0.5" },
    NOVACORE_ARCHIVE_PARTITION: "1/3",
  });
  assert.equal(archivePlace(elsewhere).root, "/disk/a");
  assert.equal(elsewhere.archive?.intervalMs, 500);
  assert.deepEqual(elsewhere.archive?.partition, { index: 1, count: 3 });
  const { archive: ofOthers } = readConfig({ NOVACORE_ARCHIVE_PARTITION: "-" });
  assert.deepEqual([ofOthers?.intervalMs, ofOthers?.partition], [60_000, undefined]);
  assert.equal(readConfig({ NOVACORE_ARCHIVE: "off" }).archive, undefined);
  const inBucket = readConfig({
    ...{ NOVACORE_DATA_DIR: "/data", NOVACORE_ARCHIVE: "s3://my.bucket/a/b/" },
    ...{ AWS_REGION: "eu-north-1", NOVACORE_ARCHIVE_CACHE: "2" },
  });
  assert.deepEqual(archivePlace(inBucket), {
    root: "/data/archive-cache",
    bucket: {
      ...{ name: "my.bucket", prefix: "a/b/", region: "eu-north-1", endpoint: undefined },
      cacheBytesMax: 2 * 1024 ** 3,
    },
  });
  const noBucket = { NOVACORE_ARCHIVE: "s3://B" };
  assert.throws(() => readConfig(noBucket), /NOVACORE_ARCHIVE is "s3:\/\/B"; give a folder, or a/);
  const ofBucket = { NOVACORE_ARCHIVE: "s3://bucket" };
  for (const [name, value] of [
    ["NOVACORE_ARCHIVE_CACHE", "0"],
    ["AWS_ENDPOINT_URL_S3", "minio:9000"],
  ] as const) {
    const sentence = new RegExp(`${name} is "${value}"; give`);
    assert.throws(() => readConfig({ ...ofBucket, [name]: value }), sentence);
  }
  for (const wrong of ["3/3", "1", "0/0", "-/2", "--", "-1/2", "0/9999"]) {
    const env = { NOVACORE_ARCHIVE_PARTITION: wrong };
    assert.throws(() => readConfig(env), /NOVACORE_ARCHIVE_PARTITION is ".*"; give k\/n/);
  }
  for (const wrong of ["0", "1h", "3601"]) {
    const env = { NOVACORE_ARCHIVE_INTERVAL: wrong };
    assert.throws(() => readConfig(env), /NOVACORE_ARCHIVE_INTERVAL is ".*"; give seconds/);
  }
});
