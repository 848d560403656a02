import assert from "node:assert/strict";
import { verify } from "node:crypto";
import { test } from "node:test";
import { createVirtualGateway, type LoginStyle } from "./gateway.ts";
import { createPerson } from "./person.ts";

const nowMs = Date.UTC(2026, 0, 1);
const gateway = createVirtualGateway({ serial: "sim-1" });

function isSigned(text: string, signature: Buffer): boolean {
  const key = { key: gateway.publicKey, dsaEncoding: "ieee-p1363" as const };
  return verify("sha256", Buffer.from(text), key, signature);
}

for (const [style, lifetimeSeconds] of [
  ["fresh", 600],
  ["day", 86_400],
  ["nonce", 300],
  ["brief", 10],
] as const satisfies readonly (readonly [LoginStyle, number])[]) {
  test(`a ${style} login names the gateway, is signed by it and lives ${lifetimeSeconds} s`, () => {
    const [header = "", payload = "", signature = ""] = gateway.loginJwt(style, nowMs).split(".");
    const decode = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString());
    assert.equal(decode(header).alg, "ES256");
    assert.equal(decode(header).device, "sim-1");
    assert.equal(decode(payload).exp, nowMs / 1000 + lifetimeSeconds);
    assert.ok(isSigned(`${header}.${payload}`, Buffer.from(signature, "base64url")));
  });
}

test("no two logins are the same, so a recorded one can be told", () => {
  assert.notEqual(gateway.loginJwt("fresh", nowMs), gateway.loginJwt("fresh", nowMs));
});

test("a claim message is claimer, nonce, time and serial, signed by the gateway", () => {
  const { message, signature } = gateway.claimMessage("idt-1", nowMs);
  const [claimer, nonce, seconds, serial, ...rest] = message.split("|");
  assert.deepEqual([claimer, seconds, serial, rest], ["idt-1", String(nowMs / 1000), "sim-1", []]);
  assert.ok((nonce ?? "").length >= 16);
  assert.ok(isSigned(message, Buffer.from(signature, "hex")));
});

test("the public key is the bare point in hex", () => {
  assert.match(gateway.publicKeyHex, /^[0-9a-f]{128}$/);
});

test("a key that was kept gives the same gateway and the same person again", () => {
  const privateKeyPem = gateway.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const again = createVirtualGateway({ serial: "sim-1", privateKeyPem });
  assert.equal(again.publicKeyHex, gateway.publicKeyHex);
  const person = createPerson();
  const pem = person.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  assert.equal(createPerson({ privateKeyPem: pem }).publicKey, person.publicKey);
});
