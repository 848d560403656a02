import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { type TestContext, test } from "node:test";
import { Novacore, type NovacoreError } from "@novacore/client";
import { type WebSocket, WebSocketServer } from "ws";
import type { Arrival } from "../../packages/client/src/transport.ts";
import { createWebSocketTransport } from "../../packages/client/src/websocket-transport.ts";

const timing = { backoffMs: 1, backoffMostMs: 1 };
const subscribed = '{"op":"subscribed","id":"s","cursor":"A"}';

for (const frame of [
  "null",
  "no JSON",
  '{"op":"reading"}',
  '{"op":"readings","readings":[null],"cursor":"B"}',
  '{"op":"readings","readings":{},"cursor":"B"}',
  '{"op":"error","id":"s","code":null,"message":"?"}',
]) {
  test(`a stream comes back after the frame ${frame}`, async (t) => {
    const baseUrl = await startWebSocketHub(t, (socket, count) => {
      socket.send(subscribed);
      socket.send(count === 1 ? frame : readingFrame(1));
    });
    const stream = new Novacore({ baseUrl, token: "t", timing }).site("sit-1").readings();
    const codes: string[] = [];
    stream.onEvent((event) => {
      if (event.kind === "lost") codes.push(event.error.code);
    });
    for await (const { W } of stream) {
      assert.equal(W, 1);
      break;
    }
    assert.deepEqual(codes, ["answer_invalid"]);
  });
}

test("a hub that sends more readings than it was allowed is left, and none of the rest is kept", async (t) => {
  const baseUrl = await startWebSocketHub(t, (socket, count) => {
    socket.send(subscribed);
    for (let at = 1; count === 1 && at <= 10; at++) socket.send(readingFrame(at));
    if (count === 2) socket.send(readingFrame(11));
  });
  const nova = new Novacore({ baseUrl, token: "t", timing });
  const stream = nova.site("sit-1").readings({ queueMax: 4 });
  const lost = new Promise<NovacoreError>((resolve) => {
    stream.onEvent((event) => event.kind === "lost" && resolve(event.error));
  });
  const powers: (number | undefined)[] = [(await stream.next()).value?.W];
  const { code, message } = await lost;
  assert.deepEqual(
    [code, message],
    ["answer_invalid", "The hub sent more readings than it was allowed."],
  );
  while (powers.length < 5) powers.push((await stream.next()).value?.W);
  assert.deepEqual(powers, [1, 2, 3, 4, 11]);
  stream.close();
});

test("a heartbeat that is no number leaves the default watchdog", async (t) => {
  const baseUrl = await startWebSocketHub(t, (socket) => {
    socket.send('{"op":"hello","heartbeat_ms":"x"}');
    socket.send(subscribed);
  });
  const first = await new Promise<Arrival>((take) => {
    const opening = { target: { sites: ["sit-1"] }, selection: {}, credit: 1, take };
    const connection = createWebSocketTransport({ baseUrl }).open(opening);
    t.after(() => connection.close());
  });
  assert.deepEqual(first, { kind: "opened" });
});

test("a list that does not go on is told instead of read for ever", async (t) => {
  const baseUrl = await startHub(t, (request, response) => {
    response.setHeader("link", `<${request.url}>; rel="next"`).end('[{"id":"org-1"}]');
  });
  const ids: string[] = [];
  const read = async () => {
    for await (const { id } of new Novacore({ baseUrl }).organizations()) {
      ids.push(id);
      assert.ok(ids.length < 10, "it is read for ever");
    }
  };
  await assert.rejects(read, { code: "answer_invalid" });
  assert.ok(ids.length > 0);
});

test("a link to another host is no way to a token, however it is written", async (t) => {
  const tokens: unknown[] = [];
  const other = await startHub(t, ({ headers }, response) => {
    tokens.push(headers.authorization);
    response.end("[]");
  });
  for (const target of [`x:${other}/steal`, `/${other}/steal`, `//${other}/steal`, other]) {
    const asked: (string | undefined)[] = [];
    const baseUrl = await startHub(t, ({ url }, response) => {
      asked.push(url);
      if (asked.length === 1) response.setHeader("link", `<${target}>; rel="next"`);
      response.end("[]");
    });
    for await (const _ of new Novacore({ baseUrl, token: "t" }).organizations()) assert.fail();
    assert.equal(asked.length, 2, target);
  }
  assert.deepEqual(tokens, []);
});

test("of an error without an end, no more is read than an error has", async (t) => {
  const baseUrl = await startHub(t, (_request, response) => {
    response.writeHead(503);
    const write = () => {
      while (!response.destroyed && response.write("x".repeat(65_536)));
    };
    response.on("drain", write);
    write();
  });
  const asked = new Novacore({ baseUrl }).request("GET", "/organizations");
  await assert.rejects(asked, { code: "unreachable", status: 503 });
});

const key = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" });

test("a key signs nothing but a login's challenge", async (t) => {
  const asked: (string | undefined)[] = [];
  const baseUrl = await startHub(t, ({ url }, response) => {
    asked.push(url);
    response.end('{"challenge":"I give you all I have"}');
  });
  const nova = new Novacore({ baseUrl, key: key.toString() });
  await assert.rejects(nova.request("GET", "/organizations"), { code: "answer_invalid" });
  assert.deepEqual(asked, ["/auth/challenge"]);
});

for (const [name, token] of Object.entries({
  "is no JWT": "opaque",
  "has no iat": `h.${btoa('{"exp":3601}')}.s`,
  "ends before it begins": `h.${btoa('{"iat":9,"exp":1}')}.s`,
})) {
  test(`a token that ${name} is used until it is refused`, async (t) => {
    const asked: (string | undefined)[] = [];
    const challenge = `novacore-login-${"A".repeat(43)}`;
    const baseUrl = await startHub(t, ({ url }, response) => {
      asked.push(url);
      response.end(JSON.stringify(url?.startsWith("/auth/") ? { challenge, token } : []));
    });
    const nova = new Novacore({ baseUrl, key: key.toString() });
    for (let count = 0; count < 3; count++) await nova.request("GET", "/organizations");
    assert.deepEqual(asked, [
      "/auth/challenge",
      "/auth/verify",
      ...Array(3).fill("/organizations"),
    ]);
  });
}

/** Calls with each socket that has subscribed, and how many there have been. */
async function startWebSocketHub(
  t: TestContext,
  onSubscribe: (socket: WebSocket, count: number) => void,
): Promise<string> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  let count = 0;
  server.on("connection", (socket) => {
    socket.on("message", (data) => {
      if (JSON.parse(String(data)).op === "subscribe") onSubscribe(socket, ++count);
    });
  });
  await once(server, "listening");
  t.after(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  return `http://127.0.0.1:${Object(server.address()).port}`;
}

async function startHub(t: TestContext, answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${Object(server.address()).port}`;
}

function readingFrame(at: number): string {
  const reading = { type: "pv", timestamp: at, W: at, site_id: "sit-1", der_id: "der-1" };
  return JSON.stringify({ op: "reading", id: "s", cursor: `c${at}`, reading });
}
