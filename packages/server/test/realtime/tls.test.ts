import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { renameSync, symlinkSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { get } from "node:https";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { type TestContext, test } from "node:test";
import { connect, getCACertificates, setDefaultCACertificates, type TLSSocket } from "node:tls";
import { pino } from "pino";
import { type Certificate, certificateMaker } from "../../../../test/support/certificates.ts";
import { readConfig } from "../../src/config.ts";
import { createHttpApp, listenHttp } from "../../src/http-app.ts";
import { openTls, type Tls, type TlsFiles } from "../../src/tls.ts";
import { runNats } from "../nats/running-nats.ts";
import {
  answerBack,
  connectHubUser,
  handshake,
  hear,
  openPort,
  rawClient,
  until,
  upstreamOf,
} from "./open-port.ts";

interface Line {
  readonly level: string;
  readonly event: unknown;
  readonly message: string;
}

/** TLS that looks at its files all the time, with what it logs. */
async function open(t: TestContext, files: TlsFiles): Promise<{ tls: Tls; lines: Line[] }> {
  const lines: Line[] = [];
  const keep = (level: string) => (fields: object, message: string) => {
    lines.push({ level, event: "event" in fields ? fields.event : undefined, message });
  };
  const log = { info: keep("info"), warn: keep("warn"), error: keep("error") };
  const tls = await openTls({ files, log, pollMs: 5 });
  t.after(() => tls.stop());
  return { tls, lines };
}

async function secureClient(
  t: TestContext,
  port: number,
  options: { maxVersion?: "TLSv1.1" | "TLSv1.2" } = {},
): Promise<TLSSocket> {
  // Which certificate it is, the tests look at themselves.
  const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false, ...options });
  t.after(() => socket.destroy());
  await once(socket, "secureConnect");
  return socket;
}

async function presentedName(t: TestContext, port: number): Promise<unknown> {
  const socket = await secureClient(t, port);
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return subject.CN;
}

test("NATS over WebSocket and the answer to plain HTTP are encrypted", async (t) => {
  const certificates = certificateMaker(t);
  const running = certificates && (await runNats(t));
  if (certificates === undefined || running === undefined) return;
  const pair = certificates.make("hub");
  const { tls } = await open(t, pair);
  const { port } = await openPort(t, { tls, upstream: () => upstreamOf(running.nats) });
  trust(t, pair);
  const [one, two] = await Promise.all([
    connectHubUser(t, running.nats, `wss://127.0.0.1:${port}`),
    connectHubUser(t, running.nats, `wss://127.0.0.1:${port}`),
  ]);
  one.subscribe("question", { callback: answerBack });
  await one.flush();
  const payload = new Uint8Array(4 * 1024 * 1024).fill(7);
  assert.deepEqual((await two.request("question", payload, { timeout: 10_000 })).data, payload);
  assert.equal((await fetch(`https://127.0.0.1:${port}/`)).status, 426);
});

test("a nats-server behind TLS is reached, and its certificate is checked", async (t) => {
  const certificates = certificateMaker(t);
  const running = certificates && (await runNats(t));
  if (certificates === undefined || running === undefined) return;
  const pair = certificates.make("nats");
  const { tls } = await open(t, pair);
  // A realtime port with TLS stands before nats-server, as a proxy of an operated one would.
  const inner = await openPort(t, { tls, upstream: () => upstreamOf(running.nats) });
  const upstream = { host: "127.0.0.1", port: inner.port, tls: true };
  const { port } = await openPort(t, { upstream: () => upstream });
  const stranger = rawClient(t, port);
  stranger.socket.write(handshake());
  assert.match(await stranger.over, /^HTTP\/1\.1 503 /);
  trust(t, pair);
  const client = await connectHubUser(t, running.nats, `ws://127.0.0.1:${port}`);
  client.subscribe("question", { callback: answerBack });
  assert.equal((await client.request("question", "why")).string(), "why");
});

test("REST and the realtime port change to a new certificate, open connections live on", async (t) => {
  const certificates = certificateMaker(t);
  if (certificates === undefined) return;
  const [old, renewed] = [certificates.make("old"), certificates.make("renewed")];
  const { tls, lines } = await open(t, old);
  const realtime = await openPort(t, { tls, accept: echo });
  const config = readConfig({ NOVACORE_HTTP_PORT: "0" });
  const app = await createHttpApp(config, pino({ level: "silent" }), tls);
  t.after(() => app.close());
  app.get("/", async (request) => request.protocol);
  const rest = await listenHttp(app, config);

  const socket = await secureClient(t, realtime.port);
  const client = hear(t, socket);
  socket.write(`${handshake(["Sec-WebSocket-Protocol: novacore.v1"])}before`);
  await client.until(/before/);
  for (const port of [rest, realtime.port]) assert.equal(await presentedName(t, port), "old");

  replace(renewed, old);
  await until("the reload", () => lines.some(({ event }) => event === "tls_reloaded"));
  for (const port of [rest, realtime.port]) assert.equal(await presentedName(t, port), "renewed");
  socket.write("after");
  await client.until(/beforeafter/);
  assert.equal(await askOverTls(rest, renewed), "https");
});

test("a swapped symbolic link is a change like any other", async (t) => {
  const certificates = certificateMaker(t);
  if (certificates === undefined) return;
  const [first, second] = [certificates.make("first"), certificates.make("second")];
  const files = {
    certPath: join(certificates.folder, "tls.crt"),
    keyPath: join(certificates.folder, "tls.key"),
  };
  const link = ({ certPath, keyPath }: TlsFiles) => {
    for (const [target, path] of [
      [certPath, files.certPath],
      [keyPath, files.keyPath],
    ] as const) {
      symlinkSync(target, `${path}.new`);
      renameSync(`${path}.new`, path);
    }
  };
  link(first);
  const { tls, lines } = await open(t, files);
  const { port } = await openPort(t, { tls });
  link(second);
  await until("the reload", () => lines.some(({ event }) => event === "tls_reloaded"));
  assert.equal(await presentedName(t, port), "second");
});

test("a broken pair is logged once and changes nothing, a good one after it does", async (t) => {
  const certificates = certificateMaker(t);
  if (certificates === undefined) return;
  const [old, renewed] = [certificates.make("old"), certificates.make("renewed")];
  const { tls, lines } = await open(t, old);
  const { port } = await openPort(t, { tls });
  const errors = () => lines.filter(({ level }) => level === "error").map((line) => line.message);

  writeFileSync(old.certPath, renewed.cert);
  await until("the complaint", () => errors().length === 1);
  assert.match(errors()[0] ?? "", /does not belong to .* The certificate in use stays\.$/);
  assert.equal(await presentedName(t, port), "old");
  writeFileSync(old.certPath, "nonsense");
  await until("the second complaint", () => errors().length === 2);
  assert.match(errors()[1] ?? "", /holds no certificate in PEM form/);
  assert.equal(await presentedName(t, port), "old");

  replace(renewed, old);
  await until("the reload", () => lines.some(({ event }) => event === "tls_reloaded"));
  assert.equal(await presentedName(t, port), "renewed");
  assert.equal(errors().length, 2);
});

test("a certificate that ends within two weeks is warned of, at start and at reload", async (t) => {
  const certificates = certificateMaker(t);
  if (certificates === undefined) return;
  const [week, other] = [certificates.make("week", 7), certificates.make("other", 8)];
  const { lines } = await open(t, week);
  const warnings = () => lines.filter(({ event }) => event === "tls_expiry").length;
  assert.equal(warnings(), 1);
  replace(other, week);
  await until("the second warning", () => warnings() === 2);
  assert.equal(
    lines.some(({ level }) => level === "error"),
    false,
  );
});

test("nothing older than TLS 1.2 is spoken", async (t) => {
  const certificates = certificateMaker(t);
  if (certificates === undefined) return;
  const { tls } = await open(t, certificates.make("hub"));
  const { port } = await openPort(t, { tls });
  await secureClient(t, port, { maxVersion: "TLSv1.2" });
  const socket = connect({
    ...{ port, host: "127.0.0.1", rejectUnauthorized: false, ciphers: "DEFAULT@SECLEVEL=0" },
    ...{ minVersion: "TLSv1", maxVersion: "TLSv1.1" },
  });
  t.after(() => socket.destroy());
  await assert.rejects(once(socket, "secureConnect"), /protocol version/);
});

test("files that cannot be used are one sentence with the setting and the path", async (t) => {
  const certificates = certificateMaker(t);
  if (certificates === undefined) return;
  const [one, two] = [certificates.make("one"), certificates.make("two")];
  const nonsense = join(certificates.folder, "nonsense.pem");
  writeFileSync(nonsense, "nonsense");
  const locked = join(certificates.folder, "locked.key");
  const encrypt = ["ec", "-in", one.keyPath, "-aes256", "-passout", "pass:x", "-out", locked];
  execFileSync(certificates.openssl, encrypt, { stdio: "ignore" });
  const { certPath, keyPath } = one;
  const cases: readonly [TlsFiles, RegExp][] = [
    [
      { certPath: "/none/x.crt", keyPath },
      /^NOVACORE_TLS_CERT is "\/none\/x\.crt", which cannot be read \(ENOENT/,
    ],
    [{ certPath, keyPath: "/none/x.key" }, /^NOVACORE_TLS_KEY is "\/none\/x\.key", which cannot/],
    [
      { certPath: nonsense, keyPath },
      /^NOVACORE_TLS_CERT is ".*" ?, which holds no certificate in/,
    ],
    [
      { certPath, keyPath: nonsense },
      /^NOVACORE_TLS_KEY is ".*", which holds no private key in PEM/,
    ],
    [
      { certPath, keyPath: locked },
      /^NOVACORE_TLS_KEY is ".*", which is protected by a passphrase/,
    ],
    [{ certPath, keyPath: two.keyPath }, /two\.key" \(NOVACORE_TLS_KEY\) does not belong to .*one/],
  ];
  for (const [files, sentence] of cases) {
    await assert.rejects(open(t, files), (error: Error) => {
      assert.match(error.message, sentence);
      return true;
    });
  }
});

function echo(_request: IncomingMessage, socket: Duplex, head: Buffer): void {
  socket.write(head);
  socket.pipe(socket);
}

/** As certbot does: both written beside, then renamed over the old ones. */
function replace(from: Certificate, to: TlsFiles): void {
  writeFileSync(`${to.certPath}.new`, from.cert);
  writeFileSync(`${to.keyPath}.new`, from.key);
  renameSync(`${to.certPath}.new`, to.certPath);
  renameSync(`${to.keyPath}.new`, to.keyPath);
}

/** For clients that take no certificate authority of a test's own. */
function trust(t: TestContext, { cert }: Certificate): void {
  const before = getCACertificates("default");
  setDefaultCACertificates([...before, cert]);
  t.after(() => setDefaultCACertificates(before));
}

function askOverTls(port: number, { cert }: Certificate): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ host: "127.0.0.1", port, path: "/", ca: cert, agent: false }, async (answer) => {
      const chunks: Buffer[] = [];
      for await (const chunk of answer) chunks.push(chunk);
      resolve(Buffer.concat(chunks).toString());
    }).on("error", reject);
  });
}
