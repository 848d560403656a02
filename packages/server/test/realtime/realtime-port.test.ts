import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import { limits } from "../../src/limits.ts";
import { handshake, openPort, rawClient } from "./open-port.ts";

test("plain HTTP is told to come back as a WebSocket, and how", async (t) => {
  const { port } = await openPort(t);
  for (const init of [{}, { method: "POST", body: "{}" }]) {
    const answer = await fetch(`http://127.0.0.1:${port}/sites?token=secret`, init);
    assert.equal(answer.status, 426);
    assert.equal(answer.headers.get("upgrade"), "websocket");
    assert.match(answer.headers.get("connection") ?? "", /upgrade/i);
    const body: Record<string, string> = JSON.parse(await answer.text());
    assert.equal(body.error, "upgrade_required");
    assert.equal(body.request_id, answer.headers.get("x-request-id"));
    assert.match(body.message ?? "", /wss?:\/\/.*novacore\.v1.*NATS.*NOVACORE_HTTP_PORT/);
    assert.doesNotMatch(JSON.stringify(body), /secret/);
  }
});

test("an upgrade to anything but WebSocket gets the same answer", async (t) => {
  const { port } = await openPort(t);
  const client = rawClient(t, port);
  client.socket.write(
    "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n" +
      "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n",
  );
  const answer = await client.over;
  assert.match(answer, /^HTTP\/1\.1 426 Upgrade Required\r\n/);
  assert.match(answer, /\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\n/);
  assert.match(answer, /"error":"upgrade_required"/);
});

test("who asks for novacore.v1 is handed over with what came behind the handshake", async (t) => {
  const { port } = await openPort(t, {
    accept(request, socket, head) {
      socket.end(`accepted ${request.headers["sec-websocket-protocol"]} ${head.toString()}`);
    },
  });
  for (const lines of [
    ["Sec-WebSocket-Protocol: novacore.v1"],
    ["sec-websocket-protocol: mqtt,novacore.v1"],
    ["Sec-WebSocket-Protocol: mqtt", "Sec-WebSocket-Protocol: novacore.v1"],
  ]) {
    const client = rawClient(t, port);
    client.socket.write(`${handshake(lines)}early`);
    assert.match(await client.over, /^accepted .*novacore\.v1 early$/);
  }
});

test("a subprotocol that only looks like novacore.v1 is not the hub's", async (t) => {
  const { port } = await openPort(t, { accept: () => assert.fail("accepted") });
  for (const name of ["novacore.v10", "novacore.v1.x", "x-novacore.v1", "NOVACORE.V1"]) {
    const client = rawClient(t, port);
    client.socket.write(handshake([`Sec-WebSocket-Protocol: ${name}`]));
    assert.match(await client.over, /^HTTP\/1\.1 503 /);
  }
});

test("without a WebSocket listener of nats-server the answer names the setting", async (t) => {
  const { port } = await openPort(t);
  const client = rawClient(t, port);
  client.socket.write(handshake());
  const answer = await client.over;
  assert.match(answer, /^HTTP\/1\.1 503 Service Unavailable\r\n/);
  assert.match(answer, /\r\nRetry-After: 1\r\n/);
  assert.match(answer, /"error":"unavailable","message":".*NATS_WEBSOCKET_URL/);
});

test("what is no clean handshake is refused", async (t) => {
  const { port } = await openPort(t, { accept: () => assert.fail("accepted") });
  const json = "Sec-WebSocket-Protocol: novacore.v1";
  const cases: readonly [string, string, RegExp][] = [
    [
      "a body",
      `${handshake([json, "Content-Length: 5"])}hello`,
      /^HTTP\/1\.1 400 [\s\S]*malformed_re/,
    ],
    ["chunks", `${handshake([json, "Transfer-Encoding: chunked"])}0\r\n\r\n`, /^HTTP\/1\.1 400 /],
    [
      "two lengths",
      handshake([json, "Content-Length: 0", "Content-Length: 4"]),
      /^HTTP\/1\.1 400 /,
    ],
    ["a folded line", handshake([`${json}\r\n folded: yes`]), /^HTTP\/1\.1 400 /],
    ["a blank before the colon", handshake([json, "X-Odd : 1"]), /^HTTP\/1\.1 400 /],
    ["a bare line feed", handshake([`${json}\nX-Odd: 1`]), /^HTTP\/1\.1 400 /],
    ["no Host", handshake([json]).replace(/Host: .*\r\n/, ""), /^HTTP\/1\.1 400 /],
    [
      "too long a head",
      handshake([json, `X-Long: ${"x".repeat(limits.realtimeHeaderBytesMax)}`]),
      /^HTTP\/1\.1 431 /,
    ],
  ];
  for (const [name, bytes, answer] of cases) {
    const client = rawClient(t, port);
    client.socket.write(bytes);
    assert.match(await client.over, answer, name);
  }
});

test("a taken port is one sentence with the setting and the way out", async (t) => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  t.after(() => taken.close());
  const address = taken.address();
  const realtimePort = typeof address === "object" ? (address?.port ?? 0) : 0;
  const config = { host: "127.0.0.1", realtimePort, trustProxy: [] };
  await assert.rejects(openPort(t, { config }), (error: Error) => {
    assert.match(
      error.message,
      new RegExp(`^Port ${realtimePort} .* is taken by another program;`),
    );
    assert.match(error.message, /NOVACORE_REALTIME_PORT \(0 takes any free one\)\.$/);
    return true;
  });
});
