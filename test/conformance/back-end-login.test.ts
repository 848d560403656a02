import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { type ConnectionOptions, connect, wsconnect } from "@nats-io/transport-node";
import { fromNkey } from "../../packages/server/src/access/keys.ts";
import { createNkey, type Nkey } from "../../packages/server/src/nats/nkeys.ts";
import { type BackEnd, createBackEnd, signLogin } from "../support/back-end.ts";
import { createApi, createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";
import { acceptedLogins, es256, forgedLogins, type LoginParts } from "./login-rows.ts";

let hub: TestHub;
let home: Home;
let elsewhere: Home;
let backEnd: BackEnd;
let other: BackEnd;

before(async () => {
  hub = await startHub();
  home = await createHome(hub);
  elsewhere = await createHome(hub);
  backEnd = await createBackEnd(home);
  other = await createBackEnd(elsewhere);
});
after(() => hub?.close());

const doors: Record<string, (options: ConnectionOptions) => Promise<void>> = {
  async NATS(options) {
    await (await connect({ ...options, servers: hub.natsUrl, reconnect: false })).close();
  },
  async "NATS over WebSocket"(options) {
    await (await wsconnect({ ...options, servers: hub.websocketUrl, reconnect: false })).close();
  },
};

for (const [door, enter] of Object.entries(doors)) {
  describe(`a back end's login over ${door}`, () => {
    for (const { name, username, password } of acceptedLogins) {
      test(`let in: ${name}`, async () => {
        const user = username?.(parts()) ?? backEnd.id;
        await enter({ user, pass: password(parts()) });
      });
    }
    for (const { name, username, password } of forgedLogins) {
      test(`refused: ${name}`, async () => {
        const user = username?.(parts()) ?? backEnd.id;
        await assert.rejects(enter({ user, pass: password(parts()) }), refusal);
      });
    }

    test("let in: its organization named beside it", async () => {
      await enter({ user: `${backEnd.id}@${home.orgId}`, pass: backEnd.loginJwt() });
    });
    test("refused: another organization named beside it, or none", async () => {
      for (const orgId of [elsewhere.orgId, "", "org-none", `${home.orgId}@${home.orgId}`, "*"]) {
        const user = `${backEnd.id}@${orgId}`;
        await assert.rejects(enter({ user, pass: backEnd.loginJwt() }), refusal, user);
      }
      await assert.rejects(enter({ user: `@${home.orgId}`, pass: backEnd.loginJwt() }), refusal);
    });
    test("refused: its credential under somebody else's name", async () => {
      const { serial, loginJwt } = home.gateway;
      for (const user of [other.id, `${other.id}@${elsewhere.orgId}`, serial, "EXT_0", "EXT_1"]) {
        await assert.rejects(enter({ user, pass: backEnd.loginJwt() }), refusal, user);
      }
      await assert.rejects(enter({ user: backEnd.id, pass: loginJwt() }), refusal);
      await assert.rejects(enter({ user: `${serial}@${home.orgId}`, pass: loginJwt() }), refusal);
    });

    test("let in: a token of the hub, as token and as password", async () => {
      const token = await tokenOf(backEnd);
      await enter({ token });
      await enter({ user: backEnd.id, pass: token });
      await assert.rejects(enter({ user: other.id, pass: token }), refusal);
    });
    test("refused: a person's token, and a ticket for streams", async () => {
      await assert.rejects(enter({ token: home.token }), refusal);
      await assert.rejects(enter({ user: home.session.identityId, pass: home.token }), refusal);
      const api = createApi(hub.url, home.token);
      const { ticket } = await api("POST", "/stream/tickets", { site_ids: [home.siteId] });
      await assert.rejects(enter({ token: ticket }), refusal);
    });

    test("let in: a registered Ed25519 key as nkey, which signs this connection's nonce", async () => {
      const key = await registeredNkey();
      const nkey = key.publicKey;
      const signed: string[] = [];
      await enter({
        authenticator: (nonce = "") => {
          const sig = key.sign(nonce).toString("base64url");
          signed.push(sig);
          return { nkey, sig };
        },
      });
      const [replayed = ""] = signed;
      await assert.rejects(enter({ authenticator: () => ({ nkey, sig: replayed }) }), refusal);
      await assert.rejects(enter({ authenticator: () => ({ nkey, sig: "" }) }), refusal);
    });
    test("refused: an nkey that nobody has registered", async () => {
      const { key: stranger } = createNkey("user");
      const authenticator = (nonce = "") => ({
        nkey: stranger.publicKey,
        sig: stranger.sign(nonce).toString("base64url"),
      });
      await assert.rejects(enter({ authenticator }), refusal);
    });

    test("refused: an integration that no organization has approved", async () => {
      const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const api = createApi(hub.url);
      const wish = { type: "integration", public_key: pair.publicKey.export({ format: "jwk" }) };
      const { id } = await api("POST", "/identity/register", wish);
      await assert.rejects(enter({ user: id, pass: signLogin(id, pair.privateKey) }), refusal);
      const member = { identity_id: id, role: "viewer" };
      const owner = createApi(hub.url, home.token);
      await owner("POST", `/organizations/${home.orgId}/members`, member);
      await assert.rejects(enter({ user: id, pass: signLogin(id, pair.privateKey) }), refusal);
    });
    test("refused: after it was revoked, its key replaced, or it left the organization", async () => {
      const api = createApi(hub.url, home.token);
      const path = `/organizations/${home.orgId}`;
      for (const end of [
        ({ id }: BackEnd) => api("DELETE", `${path}/integrations/${id}`),
        ({ id }: BackEnd) => api("POST", `${path}/integrations/${id}/keys`, { generate: true }),
        ({ id }: BackEnd) => api("DELETE", `${path}/members/${id}`),
      ]) {
        const ended = await createBackEnd(home);
        const login = { user: ended.id, pass: ended.loginJwt() };
        const token = await tokenOf(ended);
        await enter(login);
        await end(ended);
        await assert.rejects(enter(login), refusal);
        await assert.rejects(enter({ token }), refusal);
      }
    });
    test("refused: logins of a size that nobody needs", async () => {
      const pass = randomBytes(3_000).toString("hex");
      const big = es256(
        { device: backEnd.id, filler: "a".repeat(3_500) },
        { exp: Math.floor(Date.now() / 1000) + 60 },
        backEnd.key,
      );
      for (const login of [
        { user: backEnd.id, pass },
        { user: pass, pass: "x" },
        { token: pass },
      ]) {
        await assert.rejects(enter(login), refusal);
      }
      await assert.rejects(enter({ user: backEnd.id, pass: big }), refusal);
    });
  });
}

/** A connection that is refused before its login is read is cut. */
const refusal = /authorization|connection closed|closed connection|control line|ECONNRESET|EPIPE/i;

function parts(): LoginParts {
  return {
    ...{ serial: backEnd.id, key: backEnd.key, publicKey: createPublicKey(backEnd.key) },
    ...{ otherSerial: other.id, otherKey: other.key },
  };
}

async function tokenOf({ key }: BackEnd): Promise<string> {
  const api = createApi(hub.url);
  const public_key = createPublicKey(key).export({ format: "jwk" });
  const { challenge } = await api("POST", "/auth/challenge", { public_key });
  const signature = sign("sha256", Buffer.from(challenge), key).toString("base64");
  return (await api("POST", "/auth/verify", { public_key, challenge, signature })).token;
}

/** The key of an integration that logs in by NATS's own way of signing. */
async function registeredNkey(): Promise<Nkey> {
  const { key } = createNkey("user");
  const api = createApi(hub.url, home.token);
  const public_key = fromNkey(key.publicKey)?.hex;
  const wish = { name: key.publicKey, scopes: ["telemetry:read"], public_key };
  await api("POST", `/organizations/${home.orgId}/integrations`, wish);
  return key;
}
