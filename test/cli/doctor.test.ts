import assert from "node:assert/strict";
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { certificateMaker } from "../support/certificates.ts";
import { createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";
import { takePorts } from "../support/ports.ts";
import { startBufferingProxy } from "./buffering-proxy.ts";
import { type Answer, createCommandUser } from "./command.ts";

interface Finding {
  readonly check: string;
  readonly verdict: "ok" | "warning" | "failure" | "skipped";
  readonly said: string;
  readonly fix?: string;
}

let hub: TestHub;
let home: Home;

before(async () => {
  hub = await startHub();
  home = await createHome(hub);
});
after(() => hub?.close());

test("a hub on this machine is found well, with a login and without one", async (t) => {
  const person = await createCommandUser(t);
  const env = { NOVACORE_URL: hub.url, NOVACORE_TOKEN: home.token };
  const answer = await person.run(["doctor", "--json"], { env });
  assert.deepEqual([answer.code, answer.stderr], [0, ""], answer.stdout);
  const findings = findingsOf(answer);
  const { port } = new URL(hub.natsUrl);
  for (const check of [
    ...["Node", "Hub", "Versions", "nats-server", "Durability", "Clock", "Login"],
    ...["Server-Sent Events", "WebSocket", `Port ${port}`],
  ]) {
    assert.equal(findings.get(check)?.verdict, "ok", `${check}: ${answer.stdout}`);
  }
  assert.match(findings.get("Durability")?.said ?? "", /fsync/);
  const nobody = await person.run(["doctor", "--url", hub.url]);
  assert.equal(nobody.code, 0, nobody.stderr);
  assert.match(nobody.stdout, /^skip {2}Login +nobody is logged in$/m);
  assert.match(nobody.stdout, /^skip {2}Server-Sent Events /m);
});

test("where no hub answers it says so, and what to do", async (t) => {
  const person = await createCommandUser(t);
  const [port] = await takePorts(1);
  const { code, stdout, stderr } = await person.run([
    "doctor",
    "--url",
    `http://127.0.0.1:${port}`,
  ]);
  assert.equal(code, 6);
  assert.match(stdout, /^FAIL {2}Hub +.+ECONNREFUSED.*\n +→ check that a hub runs at /m);
  assert.equal(stderr, "novacore: The hub cannot be reached.\n");
});

test("a key that others can read is a failure, with the command that mends it", async (t) => {
  const person = await createCommandUser(t);
  await person.json(["login", "--url", hub.url]);
  const key = join(person.configHome, "novacore", "profiles", "default", "key.pem");
  await chmod(key, 0o644);
  const answer = await person.run(["doctor", "--json"]);
  assert.equal(answer.code, 1);
  const { verdict, fix } = findingsOf(answer).get("Profile") ?? {};
  assert.deepEqual([verdict, fix], ["failure", `chmod 600 '${key}'`]);
});

test("a proxy that buffers, and that passes no upgrade, is found", async (t) => {
  const proxy = await startBufferingProxy(hub.url);
  t.after(() => proxy.close());
  const person = await createCommandUser(t);
  const env = { NOVACORE_URL: proxy.url, NOVACORE_TOKEN: home.token };
  const answer = await person.run(["doctor", "--json"], { env });
  assert.equal(answer.code, 1);
  const findings = findingsOf(answer);
  const sse = findings.get("Server-Sent Events");
  assert.equal(sse?.verdict, "failure", answer.stdout);
  assert.match(`${sse?.said} ${sse?.fix}`, /a proxy buffers .*proxy_buffering off/);
  const socket = findings.get("WebSocket");
  assert.equal(socket?.verdict, "failure");
  assert.match(socket?.fix ?? "", /Upgrade/);
});

test("a certificate is looked at: how long it is valid, and whether it is believed", async (t) => {
  const certificates = certificateMaker(t);
  if (certificates === undefined) return;
  const person = await createCommandUser(t);
  for (const [days, verdict] of [
    [90, "ok"],
    [3, "warning"],
  ] as const) {
    const { certPath, keyPath } = certificates.make(`hub-${days}`, days);
    const tls = { NOVACORE_TLS_CERT: certPath, NOVACORE_TLS_KEY: keyPath };
    const secure = await startHub(tls);
    t.after(() => secure.close());
    const env = { NOVACORE_URL: secure.url, NODE_EXTRA_CA_CERTS: certPath };
    const believed = await person.run(["doctor", "--json"], { env });
    assert.equal(believed.code, 0, believed.stdout);
    assert.equal(findingsOf(believed).get("TLS")?.verdict, verdict, believed.stdout);
    assert.equal(findingsOf(believed).get("WebSocket")?.verdict, "ok", believed.stdout);
    if (verdict === "warning") continue;
    const strange = await person.run(["doctor", "--json"], { env: { NOVACORE_URL: secure.url } });
    assert.equal(strange.code, 6);
    const { said, fix } = findingsOf(strange).get("TLS") ?? {};
    assert.match(`${said} ${fix}`, /SELF_SIGNED.*NODE_EXTRA_CA_CERTS/i);
  }
});

function findingsOf({ stdout }: Answer): ReadonlyMap<string, Finding> {
  const findings = stdout
    .trimEnd()
    .split("\n")
    .map((line): Finding => JSON.parse(line));
  return new Map(findings.map((finding) => [finding.check, finding]));
}
