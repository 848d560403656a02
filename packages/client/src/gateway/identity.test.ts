import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { GatewayIdentity } from "./identity.ts";
import { GatewayKey } from "./key.ts";

const nowMs = Date.UTC(2026, 0, 1);
const key = GatewayKey.generate();
const identity = new GatewayIdentity("gw-1", key);

function isSigned(text: string, signature: Buffer): boolean {
  const publicKey = createPublicKey(key.toPem());
  const verifying = { key: publicKey, dsaEncoding: "ieee-p1363" } as const;
  return verify("sha256", Buffer.from(text), verifying, signature);
}

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "novacore-key-"));
});
after(() => rm(folder, { recursive: true }));

test("a login names the gateway, is signed by it, lives ten minutes and is no other's twin", () => {
  const jwt = identity.loginJwt(nowMs);
  const [header = "", payload = "", signature = ""] = jwt.split(".");
  const decode = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString());
  assert.deepEqual(decode(header), { alg: "ES256", typ: "JWT", device: "gw-1" });
  assert.equal(decode(payload).exp, nowMs / 1_000 + 600);
  assert.ok(isSigned(`${header}.${payload}`, Buffer.from(signature, "base64url")));
  assert.notEqual(identity.loginJwt(nowMs), jwt);
});

test("a claim message is claimer, nonce, time and serial, signed by the gateway", () => {
  const { message, signature } = identity.claimMessage("idt-1", nowMs);
  const [claimer, nonce, seconds, serial, ...rest] = message.split("|");
  assert.deepEqual([claimer, seconds, serial, rest], ["idt-1", String(nowMs / 1_000), "gw-1", []]);
  assert.ok((nonce ?? "").length >= 16);
  assert.ok(isSigned(message, Buffer.from(signature, "hex")));
});

test("a serial that cannot stand in a subject is refused", () => {
  for (const serial of ["", "a.b", "*", "x".repeat(65)]) {
    assert.throws(() => new GatewayIdentity(serial, key), { code: "options_invalid" });
  }
});

test("a key is made once, for its owner alone, by however many open it at a time", async () => {
  const path = join(folder, "new", "key.pem");
  const opened = await Promise.all(Array.from({ length: 5 }, () => GatewayKey.open(path)));
  opened.push(await GatewayKey.open(path));
  assert.equal(new Set(opened.map(({ publicKey }) => publicKey)).size, 1);
  assert.match(opened[0]?.publicKey ?? "", /^[0-9a-f]{128}$/);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.deepEqual(await readdir(join(folder, "new")), ["key.pem"]);
});

test("a key that others can read is refused, with what to do", {
  skip: process.platform === "win32" ? "Windows has no such modes" : false,
}, async () => {
  const path = join(folder, "open.pem");
  await writeFile(path, key.toPem(), { mode: 0o644 });
  await assert.rejects(GatewayKey.open(path), {
    code: "options_invalid",
    message: /mode 644.+chmod 600/,
  });
});

test("what is no P-256 key is refused, and nothing of it is said", () => {
  assert.equal(GatewayKey.fromPem(key.toPem()).publicKey, key.publicKey);
  const { privateKey } = generateKeyPairSync("ed25519");
  const other = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  for (const pem of ["hunter2", other]) {
    assert.throws(
      () => GatewayKey.fromPem(pem),
      (error: Error) => {
        assert.match(error.message, /private key as PEM|must be P-256/);
        assert.doesNotMatch(error.message, /hunter2|PRIVATE KEY-----M/);
        return true;
      },
    );
  }
});
