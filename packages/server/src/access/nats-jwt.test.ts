import assert from "node:assert/strict";
import { test } from "node:test";
import { createNkey, type Nkey, readPublicKey, verifyNkey } from "../nats/nkeys.ts";
import { acceptLogin, readAuthorizationRequest, refuseLogin } from "./nats-jwt.ts";

const issuer = createNkey("account").key;
const server = createNkey("server").key;
const user = createNkey("user").key;

const claims = {
  aud: "nats-authorization-request",
  exp: 2_000_000_000,
  iss: server.publicKey,
  sub: issuer.publicKey,
  nats: {
    server_id: { name: "novacore", host: "127.0.0.1", id: server.publicKey },
    user_nkey: user.publicKey,
    client_info: { host: "10.0.0.7", kind: "Client", type: "mqtt", mqtt_id: "c-1" },
    connect_opts: { user: "gw-1", pass: "a.b.c", protocol: 1 },
    type: "authorization_request",
    version: 2,
  },
};

test("a server's request is read, and what is empty is absent", () => {
  const request = readAuthorizationRequest(signed(server, claims), issuer.publicKey);
  assert.deepEqual(request, {
    serverId: server.publicKey,
    userNkey: user.publicKey,
    expiresAt: 2_000_000_000_000,
    transport: "mqtt",
    host: "10.0.0.7",
    mqttClientId: "c-1",
    username: "gw-1",
    password: "a.b.c",
    token: undefined,
    nkey: undefined,
    signature: undefined,
    nonce: undefined,
  });
});

const nats = claims.nats;
const forgeries: Record<string, string> = {
  "signed by another key": signed(createNkey("server").key, claims),
  "signed by a user": signed(user, { ...claims, iss: user.publicKey }),
  "naming another server": signed(server, { ...claims, nats: { ...nats, server_id: { id: "N" } } }),
  "for another issuer": signed(server, { ...claims, sub: createNkey("account").key.publicKey }),
  "for another purpose": signed(server, { ...claims, aud: "other" }),
  "of another type": signed(server, { ...claims, nats: { ...nats, type: "user" } }),
  "without a user key": signed(server, { ...claims, nats: { ...nats, user_nkey: "" } }),
  "of a leaf node": signed(server, {
    ...claims,
    nats: { ...nats, client_info: { kind: "Leafnode" } },
  }),
  "cut short": signed(server, claims).slice(0, -2),
  "without a signature": `${signed(server, claims).split(".").slice(0, 2).join(".")}.`,
  "that is no JWT": "x",
  "that is empty": "",
};

for (const [what, jwt] of Object.entries(forgeries)) {
  test(`a request ${what} is refused, and the error holds no credential`, () => {
    assert.throws(
      () => readAuthorizationRequest(jwt, issuer.publicKey),
      (error: Error) => !error.message.includes("a.b.c"),
    );
  });
}

test("an answer is for the one server and login, and holds the permissions as a list", () => {
  const request = readAuthorizationRequest(signed(server, claims), issuer.publicKey);
  const permissions = { publish: ["a.>"], subscribe: ["b.>", "c"] } as const;
  const answer = verified(
    acceptLogin(request, issuer, { name: "gw-1", account: "DEV", permissions }),
  );
  assert.equal(answer.aud, server.publicKey);
  assert.equal(answer.sub, user.publicKey);
  const inner = verified(answer.nats.jwt ?? "");
  assert.equal(inner.aud, "DEV");
  assert.equal(inner.sub, user.publicKey);
  assert.equal(inner.name, "gw-1");
  assert.deepEqual(inner.nats.pub, { allow: ["a.>"] });
  assert.deepEqual(inner.nats.sub, { allow: ["b.>", "c"] });
});

test("a refusal is an answer too", () => {
  const request = readAuthorizationRequest(signed(server, claims), issuer.publicKey);
  const { nats: answer } = verified(refuseLogin(request, issuer, "key_unknown"));
  assert.equal(answer.error, "key_unknown");
  assert.equal(answer.jwt, undefined);
});

function signed(key: Nkey, payload: object): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const text = `${encode({ typ: "JWT", alg: "ed25519-nkey" })}.${encode(payload)}`;
  return `${text}.${key.sign(text).toString("base64url")}`;
}

interface Answer {
  readonly aud: string;
  readonly sub: string;
  readonly name?: string;
  readonly nats: { jwt?: string; error?: string; pub?: object; sub?: object };
}

function verified(jwt: string): Answer {
  const [head, payload = "", signature = ""] = jwt.split(".");
  const key = readPublicKey(issuer.publicKey, "account");
  assert.ok(key);
  assert.ok(verifyNkey(key, `${head}.${payload}`, Buffer.from(signature, "base64url")));
  return JSON.parse(Buffer.from(payload, "base64url").toString());
}
