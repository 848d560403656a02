import assert from "node:assert/strict";
import { get } from "node:https";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { connect } from "node:tls";
import { certificateMaker } from "../support/certificates.ts";
import { chooseHubPorts, startDemoHub, startMain } from "../support/demo-hub.ts";

test("a hub with a certificate speaks HTTPS and WSS, and says why there is no demo", async (t) => {
  const certificates = certificateMaker(t);
  if (certificates === undefined) return;
  const { cert, certPath, keyPath } = certificates.make("hub");
  const ports = await chooseHubPorts();
  const hub = await startDemoHub({
    ports,
    dataDir: join(certificates.folder, "data"),
    env: { NOVACORE_TLS_CERT: certPath, NOVACORE_TLS_KEY: keyPath },
  });
  t.after(async () => {
    hub.signal("SIGINT");
    await hub.ended;
  });
  const [http, realtime] = [ports.NOVACORE_HTTP_PORT, ports.NOVACORE_REALTIME_PORT];
  assert.ok(hub.stderr().includes(` https://127.0.0.1:${http}\n`));
  assert.ok(hub.stderr().includes(` wss://127.0.0.1:${realtime}\n`));
  assert.match(hub.stderr(), /The demo is off with TLS; start without NOVACORE_TLS_CERT/);

  assert.equal(await statusOf(Number(http), "/healthz", cert), 200);
  assert.equal(await statusOf(Number(realtime), "/", cert), 426);
  const json = ["Sec-WebSocket-Protocol: novacore.v1"];
  assert.match(await upgrade(t, Number(realtime), cert, json), /novacore\.v1[\s\S]*"op":"hello"/);
  assert.match(await upgrade(t, Number(realtime), cert, []), /^HTTP\/1\.1 101 [\s\S]*INFO \{/);
});

test("a hub whose certificate cannot be read does not start", async (t) => {
  const certificates = certificateMaker(t);
  if (certificates === undefined) return;
  const { keyPath } = certificates.make("hub");
  const hub = startMain({
    ports: await chooseHubPorts(),
    dataDir: join(certificates.folder, "data"),
    env: { NOVACORE_TLS_CERT: join(certificates.folder, "gone.crt"), NOVACORE_TLS_KEY: keyPath },
  });
  assert.equal((await hub.ended).code, 1);
  assert.match(hub.stderr(), /^NOVACORE_TLS_CERT is ".*gone\.crt", which cannot be read/m);
});

function statusOf(port: number, path: string, ca: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get({ host: "127.0.0.1", port, path, ca, agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    }).on("error", reject);
  });
}

/** What a WebSocket is answered with, its first message included. */
async function upgrade(
  t: TestContext,
  port: number,
  ca: string,
  lines: readonly string[],
): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port, ca });
  t.after(() => socket.destroy());
  const head = [
    ...["GET / HTTP/1.1", "Host: 127.0.0.1", "Upgrade: websocket", "Connection: Upgrade"],
    ...["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", ...lines],
  ];
  socket.write(`${head.join("\r\n")}\r\n\r\n`);
  let text = "";
  for await (const chunk of socket) {
    text += String(chunk);
    if (/INFO \{|"op":"hello"/.test(text)) break;
  }
  return text;
}
