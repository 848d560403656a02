import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject, webcrypto } from "node:crypto";
import { after, before, describe, it, test } from "node:test";
import { type Jwk, Novacore, type PrivateKey } from "@novacore/client";
import { Provided } from "../../packages/client/src/credentials.ts";
import { createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";

const { subtle } = webcrypto;

describe("logging in with a key", () => {
  let hub: TestHub;
  let home: Home;

  before(async () => {
    hub = await startHub();
    home = await createHome(hub);
  });
  after(() => hub?.close());

  /** Makes the key's identity a viewer of the home's organization. */
  async function letIn(publicKey: object): Promise<void> {
    const post = <T>(nova: Novacore, path: string, body: object) =>
      nova.request<T>("POST", path, { body });
    const owner = new Novacore({ baseUrl: hub.url, token: home.token });
    const body = { type: "user", public_key: publicKey };
    const { id } = await post<{ id: string }>(owner, "identity/register", body);
    const member = { identity_id: id, role: "viewer" };
    await post(owner, `organizations/${home.orgId}/members`, member);
  }

  const ed25519 = generateKeyPairSync("ed25519");
  const p256 = generateKeyPairSync("ec", { namedCurve: "P-256" });
  interface Pair {
    readonly privateKey: KeyObject;
    readonly publicKey: KeyObject;
  }
  const pem = ({ privateKey }: Pair) =>
    privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const jwkOf = ({ publicKey }: Pair) => publicKey.export({ format: "jwk" });

  const cases: Readonly<Record<string, () => Promise<readonly [publicKey: Jwk, key: PrivateKey]>>> =
    {
      "Ed25519 as PEM": async () => [jwkOf(ed25519), pem(ed25519)],
      "P-256 as PEM": async () => [jwkOf(p256), pem(p256)],
      "Ed25519 as a JWK": async () => {
        const pair = generateKeyPairSync("ed25519");
        return [jwkOf(pair), pair.privateKey.export({ format: "jwk" })];
      },
      "P-256 as a JWK's text": async () => {
        const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
        return [jwkOf(pair), JSON.stringify(pair.privateKey.export({ format: "jwk" }))];
      },
      "Ed25519 that cannot be exported": async () => {
        const pair = await subtle.generateKey("Ed25519", false, ["sign", "verify"]);
        if (!("privateKey" in pair)) throw new Error("no pair");
        return [await subtle.exportKey("jwk", pair.publicKey), pair];
      },
      "P-256 that cannot be exported": async () => {
        const algorithm = { name: "ECDSA", namedCurve: "P-256" };
        const pair = await subtle.generateKey(algorithm, false, ["sign", "verify"]);
        return [await subtle.exportKey("jwk", pair.publicKey), pair];
      },
    };
  for (const [name, make] of Object.entries(cases)) {
    it(`takes ${name}, for requests and for streams`, async () => {
      const [{ kty, crv, x, y }, key] = await make();
      await letIn({ kty, crv, x, y });
      const nova = new Novacore({ baseUrl: hub.url, key });
      const names: string[] = [];
      for await (const { name: organization } of nova.organizations()) names.push(organization);
      assert.equal(names.length, 1);
      await home.publish("solar", { type: "pv", timestamp: Date.now(), W: -7 });
      for (const transport of ["sse", "websocket"] as const) {
        const streaming = new Novacore({ baseUrl: hub.url, key, transport });
        for await (const reading of streaming.site(home.siteId).readings({ snapshot: true })) {
          assert.equal(reading.W, -7);
          break;
        }
      }
    });
  }

  it("says what is wrong with a key, and nothing of the key", async () => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 });
    const rsa = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    for (const key of ["hunter2", "{", rsa, { kty: "OKP", crv: "Ed25519", x: "AA", d: "s3cret" }]) {
      const nova = new Novacore({ baseUrl: hub.url, key });
      await assert.rejects(nova.request("GET", "organizations"), (error: Error) => {
        assert.match(error.message, /^The key is no /);
        assert.doesNotMatch(error.message, /hunter2|s3cret/);
        return true;
      });
    }
    const both = { baseUrl: hub.url, key: "k", token: "t" };
    assert.throws(() => new Novacore(both), { code: "options_invalid" });
  });

  it("ends a stream of a key that the hub does not let in", async () => {
    const nova = new Novacore({ baseUrl: hub.url, key: pem(generateKeyPairSync("ed25519")) });
    await assert.rejects(
      async () => {
        for await (const _ of nova.site(home.siteId).readings()) assert.fail("a reading came");
      },
      { code: "not_found" },
    );
  });
});

test("a token is asked for once however many need it, again before it ends, and when it is refused", async () => {
  let [nowMs, asked] = [0, 0];
  const source = new Provided(
    async () => ({ credential: { kind: "token", token: `t${++asked}` }, goodForMs: 100 }),
    () => nowMs,
  );
  const tokens = async () => {
    const all = await Promise.all([source.get(), source.get()]);
    return all.map((each) => (each.kind === "token" ? each.token : ""));
  };
  assert.deepEqual(await tokens(), ["t1", "t1"]);
  nowMs = 99;
  assert.deepEqual(await tokens(), ["t1", "t1"]);
  nowMs = 100;
  assert.deepEqual(await tokens(), ["t2", "t2"]);
  const { NovacoreError } = await import("@novacore/client");
  const refusal = new NovacoreError("token_expired", "It is over.");
  assert.deepEqual(await source.get(refusal), { kind: "token", token: "t3" });
});
