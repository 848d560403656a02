import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type AsyncAPIDocumentInterface, Parser } from "@asyncapi/parser";
import { clientFrames, errorTable, serverFrames } from "@novacore/protocol";
import { Value } from "typebox/value";
import { startHub, type TestHub } from "../support/hub.ts";

let hub: TestHub;
let text: string;
let etag: string;
let document: AsyncAPIDocumentInterface;

before(async () => {
  hub = await startHub();
  const response = await fetch(`${hub.url}/asyncapi.json`);
  assert.equal(response.status, 200);
  assert.match(response.headers.get("content-type") ?? "", /^application\/json/);
  assert.equal(response.headers.get("cache-control"), "public, max-age=300");
  etag = response.headers.get("etag") ?? "";
  text = await response.text();
});
after(() => hub?.close());

test("/asyncapi.json is a valid AsyncAPI 3 document, without warnings", async () => {
  const { document: parsed, diagnostics } = await new Parser().parse(text);
  const found = diagnostics
    // 3.1 adds nothing that this document needs, and more tools read 3.0.
    .filter(({ code }) => code !== "asyncapi-latest-version")
    .map(({ code, path, message }) => `${code} ${path.join("/")}: ${message}`);
  assert.deepEqual(found, []);
  assert.ok(parsed);
  document = parsed;
  assert.equal(document.version(), "3.0.0");
});

test("a client that has the document is told that it has not changed", async () => {
  const headers = { "if-none-match": etag };
  const response = await fetch(`${hub.url}/asyncapi.json`, { headers });
  assert.deepEqual([response.status, await response.text()], [304, ""]);
});

test("the servers are where the hub listens", () => {
  const hosts = Object.fromEntries(document.servers().map((each) => [each.id(), each.host()]));
  assert.deepEqual(hosts, {
    rest: new URL(hub.url).host,
    websocket: new URL(hub.url).host,
    realtime: new URL(hub.websocketUrl).host,
    nats: new URL(hub.natsUrl).host,
    mqtt: new URL(hub.mqttUrl).host,
  });
});

test("every frame is a message of the WebSocket, and an operation seen from the hub", () => {
  const ops = { receive: Object.keys(clientFrames), send: Object.keys(serverFrames) };
  const channel = document.channels().get("websocket");
  const messages = channel?.messages().map((message) => message.name());
  assert.deepEqual(messages?.toSorted(), [...ops.receive, ...ops.send].toSorted());
  for (const action of ["receive", "send"] as const) {
    const operations = channel?.operations().filter((each) => each.action() === action) ?? [];
    const names = operations.flatMap((each) => each.messages().map((message) => message.name()));
    assert.deepEqual(names.toSorted(), ops[action].toSorted());
  }
});

test("every message has an example that its own schema accepts", () => {
  const messages = document.components().messages().all();
  assert.ok(messages.length > 30);
  for (const message of messages) {
    const examples = message.examples().all();
    assert.ok(examples.length > 0, `${message.id()} has an example`);
    for (const example of examples) {
      const payload: unknown = example.payload();
      const schema: object = message.payload()?.json() ?? {};
      assert.ok(Value.Check(schema, payload), `${message.id()}: ${JSON.stringify(payload)}`);
      const headers: object | undefined = message.headers()?.json();
      if (headers !== undefined) assert.ok(Value.Check(headers, example.headers()), message.id());
    }
  }
});

test("units, errors and close codes stand in the document", () => {
  const { components, channels, ...rest } = JSON.parse(text);
  assert.equal(components.schemas.PvReading.properties.W["x-unit"], "W");
  assert.deepEqual(rest["x-errors"], JSON.parse(JSON.stringify(errorTable)));
  const closing = Object.entries(errorTable).filter(([, row]) => "close" in row);
  const documented = Object.values<{ error: string }>(channels.websocket["x-close-codes"]);
  assert.deepEqual(
    documented.map(({ error }) => error).toSorted(),
    closing.map(([code]) => code).toSorted(),
  );
});
