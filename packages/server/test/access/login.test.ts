import assert from "node:assert/strict";
import { createHmac, createPublicKey, sign } from "node:crypto";
import { after, before, describe, it } from "node:test";
import type { LoginAttempt } from "../../src/access/login.ts";
import { machineKey, personKey, type TestKey } from "../rest/keys-for-tests.ts";
import { type AccessFixture, openAccess } from "./access-fixture.ts";

const serial = "gw-login";
const none = { username: undefined, password: undefined, token: undefined, nkey: undefined };
const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

describe("a gateway's login", () => {
  let fixture: AccessFixture;
  let orgId: string;
  let key: TestKey;
  /** Seconds from the fixture's clock. */
  const at = (offset: number) => Math.floor(fixture.clock.now / 1000) + offset;
  const attempt = (change: Partial<LoginAttempt>) =>
    fixture.access.login({ ...none, transport: "mqtt", ...change });
  const withPassword = (password: string, username: string | undefined = serial) =>
    attempt({ username, password });

  before(async () => {
    fixture = await openAccess();
    ({ orgId } = await fixture.home());
    key = await fixture.gateway(serial, orgId);
  });
  after(() => fixture[Symbol.asyncDispose]());

  /** Wire contract §2, the table of what is seen in the field, and its limits. */
  const variants: Record<string, { header?: object; payload: () => object }> = {
    "iat, exp, jti for 10 min": {
      payload: () => ({ iat: at(0), exp: at(600), jti: "a" }),
    },
    "iat, exp, jti for 24 h": { payload: () => ({ iat: at(0), exp: at(86_400), jti: "b" }) },
    "iat, exp, nonce, opr auth for 5 min": {
      header: { opr: "auth" },
      payload: () => ({ iat: at(0), exp: at(300), nonce: "c" }),
    },
    "exp, jti, opr production for 10 s": {
      header: { opr: "production" },
      payload: () => ({ exp: at(10), jti: "d" }),
    },
    "exp alone": { payload: () => ({ exp: at(10) }) },
    "a header without typ": { header: { typ: undefined }, payload: () => ({ exp: at(10) }) },
    "a clock 59 s behind": { payload: () => ({ exp: at(-59) }) },
    "a clock 30 s ahead": { payload: () => ({ iat: at(30), exp: at(40) }) },
    "members nobody knows": { payload: () => ({ exp: at(10), sub: "x", iss: "y", z: {} }) },
  };
  for (const [name, { header, payload }] of Object.entries(variants)) {
    it(`is accepted with ${name}`, async () => {
      const jwt = key.jwt({ device: serial, ...header }, payload());
      const accepted = { accepted: true, identityId: serial, identityType: "gateway" };
      assert.deepEqual(await withPassword(jwt), accepted);
      assert.deepEqual(await attempt({ token: jwt }), accepted);
      for (const transport of ["nats", "websocket"] as const) {
        assert.deepEqual(await attempt({ username: serial, password: jwt, transport }), accepted);
      }
    });
  }

  it("is accepted with a token of the hub, as password or as NATS token", async () => {
    const token = await fixture.token(key);
    for (const change of [{ token }, { username: serial, password: token }]) {
      assert.equal((await attempt(change)).accepted, true);
    }
  });

  it("is accepted with any of its keys, until that key is taken away", async () => {
    const second = machineKey();
    await fixture.registry.identities.addKey(serial, second.publicText);
    const jwt = second.jwt({ device: serial }, { exp: at(60) });
    const token = await fixture.token(second);
    assert.equal((await withPassword(jwt)).accepted, true);
    assert.equal((await fixture.access.authenticate(token)).identityId, serial);
    await fixture.registry.identities.removeKey(serial, second.publicText);
    assert.deepEqual(await codeOf(withPassword(jwt)), "signature_invalid");
    assert.deepEqual(await codeOf(attempt({ token })), "unauthenticated");
    await assert.rejects(fixture.access.authenticate(token), { code: "unauthenticated" });
  });

  it("is accepted by a registered nkey, whose proof was the callout's", async () => {
    const person = personKey();
    const hex = Buffer.from(person.publicText, "base64url").toString("hex");
    await fixture.registry.identities.addKey(serial, hex);
    assert.equal((await attempt({ nkey: toNkey(hex) })).accepted, true);
    const stranger = Buffer.from(personKey().publicText, "base64url").toString("hex");
    assert.equal(await codeOf(attempt({ nkey: toNkey(stranger) })), "key_unknown");
  });

  const forgeries: Record<string, { jwt: () => string; username?: string; code: string }> = {
    "signed by another key": {
      jwt: () => machineKey().jwt({ device: serial }, { exp: at(60) }),
      code: "signature_invalid",
    },
    "with alg none": {
      jwt: () => `${base64url({ alg: "none", device: serial })}.${base64url({ exp: at(60) })}.`,
      code: "unauthenticated",
    },
    "with alg none and a signature": {
      jwt: () => key.jwt({ alg: "none", device: serial }, { exp: at(60) }),
      code: "unauthenticated",
    },
    "with HS256 and the public key as secret": {
      jwt: () => {
        const input = `${base64url({ alg: "HS256", device: serial })}.${base64url({ exp: at(60) })}`;
        const publicKey = createPublicKey(key.privateKey);
        const pem = publicKey.export({ format: "pem", type: "spki" });
        return `${input}.${createHmac("sha256", pem).update(input).digest("base64url")}`;
      },
      code: "unauthenticated",
    },
    "with ES384 in its header": {
      jwt: () => key.jwt({ alg: "ES384", device: serial }, { exp: at(60) }),
      code: "unauthenticated",
    },
    "with its key in its own header": {
      jwt: () => {
        const own = machineKey();
        const jwk = createPublicKey(own.privateKey).export({ format: "jwk" });
        return own.jwt({ device: serial, jwk }, { exp: at(60) });
      },
      code: "signature_invalid",
    },
    "with an extension that must be understood": {
      jwt: () => key.jwt({ device: serial, crit: ["x"], x: 1 }, { exp: at(60) }),
      code: "unauthenticated",
    },
    "61 s after its end": {
      jwt: () => key.jwt({ device: serial }, { exp: at(-61) }),
      code: "token_expired",
    },
    "without an end": { jwt: () => key.jwt({ device: serial }, {}), code: "unauthenticated" },
    "with an end that is text": {
      jwt: () => key.jwt({ device: serial }, { exp: String(at(60)) }),
      code: "unauthenticated",
    },
    "not valid yet": {
      jwt: () => key.jwt({ device: serial }, { exp: at(600), nbf: at(300) }),
      code: "unauthenticated",
    },
    "without device in its header": {
      jwt: () => key.jwt({}, { exp: at(60) }),
      code: "unauthenticated",
    },
    "with device in its payload instead": {
      jwt: () => key.jwt({}, { exp: at(60), device: serial }),
      code: "unauthenticated",
    },
    "for another serial's username": {
      jwt: () => key.jwt({ device: serial }, { exp: at(60) }),
      username: "gw-other",
      code: "unauthenticated",
    },
    "naming a serial that nobody has": {
      jwt: () => key.jwt({ device: "gw-none" }, { exp: at(60) }),
      username: "gw-none",
      code: "key_unknown",
    },
    "with a changed payload": {
      jwt: () => {
        const [header, , signature] = key.jwt({ device: serial }, { exp: at(1) }).split(".");
        return [header, base64url({ exp: at(9_999) }), signature].join(".");
      },
      code: "signature_invalid",
    },
    "without a signature": {
      jwt: () => `${base64url({ alg: "ES256", device: serial })}.${base64url({ exp: at(60) })}.`,
      code: "signature_invalid",
    },
    "signed as DER": {
      jwt: () => {
        const input = `${base64url({ alg: "ES256", device: serial })}.${base64url({ exp: at(60) })}`;
        const signature = sign("sha256", Buffer.from(input), key.privateKey);
        return `${input}.${signature.toString("base64url")}`;
      },
      code: "signature_invalid",
    },
    "of 100 kB": {
      jwt: () => key.jwt({ device: serial }, { exp: at(60), pad: "x".repeat(100_000) }),
      code: "unauthenticated",
    },
    "that is no JWT": { jwt: () => "password", code: "unauthenticated" },
  };
  for (const [name, { jwt, username, code }] of Object.entries(forgeries)) {
    it(`is refused ${name}`, async () => {
      assert.equal(await codeOf(withPassword(jwt(), username)), code);
      await assert.rejects(fixture.access.authenticate(username ? "x" : jwt()));
    });
  }

  it("is refused without any credential, and with an empty one", async () => {
    assert.equal(await codeOf(attempt({})), "unauthenticated");
    assert.equal(await codeOf(attempt({ username: serial })), "unauthenticated");
    assert.equal(await codeOf(attempt({ username: serial, password: "" })), "unauthenticated");
  });

  it("is refused to a gateway that nobody has claimed, and to one that was released", async () => {
    const other = await fixture.gateway("gw-released", orgId);
    const jwt = other.jwt({ device: "gw-released" }, { exp: at(60) });
    assert.equal((await withPassword(jwt, "gw-released")).accepted, true);
    await fixture.registry.gateways.release("gw-released");
    assert.equal(await codeOf(withPassword(jwt, "gw-released")), "gateway_released");
    const registered = machineKey();
    await fixture.registry.identities.register({
      id: "gw-registered",
      type: "gateway",
      publicKeys: [registered.publicText],
    });
    const own = registered.jwt({ device: "gw-registered" }, { exp: at(60) });
    assert.equal(await codeOf(withPassword(own, "gw-registered")), "gateway_released");
  });

  it("is refused once its identity is revoked", async () => {
    const other = await fixture.gateway("gw-revoked", orgId);
    await fixture.registry.identities.revoke("gw-revoked");
    const jwt = other.jwt({ device: "gw-revoked" }, { exp: at(60) });
    assert.equal(await codeOf(withPassword(jwt, "gw-revoked")), "identity_revoked");
    await assert.rejects(fixture.access.authenticate(jwt), { code: "identity_revoked" });
  });

  it("is refused to a person, and a stream ticket is no credential", async () => {
    const person = await fixture.person();
    assert.equal(await codeOf(attempt({ token: person.token })), "forbidden");
    const caller = await fixture.access.authenticate(await fixture.token(key));
    const { ticket } = await fixture.access.tickets.issueTicket(caller, ["sit-1"]);
    assert.equal(await codeOf(attempt({ token: ticket })), "unauthenticated");
  });

  it("lets a device identity in that was claimed like a gateway", async () => {
    const device = machineKey();
    const publicKeys = [device.publicText];
    const { identity } = await fixture.registry.identities.register({ type: "device", publicKeys });
    const jwt = device.jwt({ device: identity.id }, { exp: at(60) });
    assert.equal(await codeOf(withPassword(jwt, identity.id)), "gateway_released");
    await fixture.registry.gateways.claim({
      serial: identity.id,
      orgId,
      publicKey: device.publicText,
      nonce: "1",
      nonceUntil: new Date(fixture.clock.now + 1_000).toISOString(),
    });
    assert.deepEqual(await withPassword(jwt, identity.id), {
      accepted: true,
      identityId: identity.id,
      identityType: "device",
    });
  });

  it("a revoked identity and a released gateway are told to be cut off", async () => {
    const cut: string[] = [];
    const stop = fixture.access.onRevoked((id) => cut.push(id));
    await fixture.gateway("gw-cut", orgId);
    await fixture.registry.gateways.setBatterySign("gw-cut", "negated");
    const { id } = await fixture.person();
    await fixture.registry.gateways.release("gw-cut");
    await fixture.registry.identities.revoke(id);
    // Each is read back before it is told; one more query stands behind them in the same queue.
    while (cut.length < 2) await fixture.registry.identities.get(id);
    stop();
    assert.deepEqual(cut, ["gw-cut", id]);
  });

  async function codeOf(outcome: ReturnType<AccessFixture["access"]["login"]>) {
    const settled = await outcome;
    return settled.accepted ? "accepted" : settled.code;
  }
});

/** Prefix for users, the key, a checksum that nobody reads: 35 bytes in base32. */
function toNkey(hex: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  let bits = BigInt(`0x${(20 << 3).toString(16)}${hex}0000`);
  let text = "";
  for (let i = 0; i < 56; i++) {
    text = `${alphabet[Number(bits % 32n)]}${text}`;
    bits /= 32n;
  }
  return text;
}
