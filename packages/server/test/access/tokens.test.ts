import assert from "node:assert/strict";
import { createHmac, createPublicKey, generateKeyPairSync } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify, SignJWT } from "jose";
import { limits } from "../../src/limits.ts";
import { type AccessFixture, openAccess } from "./access-fixture.ts";

describe("tokens", () => {
  let fixture: AccessFixture;
  before(async () => {
    fixture = await openAccess();
  });
  after(() => fixture[Symbol.asyncDispose]());

  it("a token carries the key and the type, lasts 24 h and verifies by the published keys", async () => {
    const { id, token, key } = await fixture.person("developer");
    const jwks = createLocalJWKSet(await fixture.access.jwks());
    const { payload } = await jwtVerify(token, jwks, { currentDate: new Date(fixture.clock.now) });
    assert.equal(payload.public_key, Buffer.from(key.publicText, "base64url").toString("hex"));
    assert.equal(payload.identity_type, "developer");
    assert.equal(payload.sub, id);
    assert.equal((payload.exp ?? 0) - (payload.iat ?? 0), 86_400);
    const caller = await fixture.access.authenticate(token);
    assert.deepEqual(caller, {
      identityId: id,
      identityType: "developer",
      tokenId: payload.jti,
      expiresAt: (payload.exp ?? 0) * 1000,
    });
  });

  it("the published keys hold nothing secret", async () => {
    for (const key of (await fixture.access.jwks()).keys) {
      assert.deepEqual(Object.keys(key).sort(), ["alg", "crv", "kid", "kty", "use", "x", "y"]);
    }
  });

  it("a token ends to the second, also when it was used just before", async () => {
    const { token } = await fixture.person();
    const { exp = 0 } = decodeJwt(token);
    const start = fixture.clock.now;
    fixture.clock.now = exp * 1000 - 1;
    await fixture.access.authenticate(token);
    fixture.clock.now = exp * 1000;
    await assert.rejects(fixture.access.authenticate(token), { code: "token_expired" });
    await assert.rejects(fixture.access.authenticate(token), { code: "token_expired" });
    fixture.clock.now = start;
  });

  it("a revoked identity is refused at the next request, with a token that was just used", async () => {
    const { id, token } = await fixture.person();
    await fixture.access.authenticate(token);
    await fixture.registry.identities.revoke(id);
    await assert.rejects(fixture.access.authenticate(token), { code: "identity_revoked" });
  });

  it("forged tokens are refused", async () => {
    const { id, token } = await fixture.person();
    const { kid = "" } = decodeProtectedHeader(token);
    const [header = "", payload = "", signature = ""] = token.split(".");
    const other = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const claims = decodeJwt(token);
    const [published] = (await fixture.access.jwks()).keys;
    assert.ok(published);
    const pem = createPublicKey({ key: { ...published }, format: "jwk" }).export({
      format: "pem",
      type: "spki",
    });
    const hs256 = Buffer.from(JSON.stringify({ alg: "HS256", kid })).toString("base64url");
    const none = Buffer.from(JSON.stringify({ alg: "none", kid })).toString("base64url");
    const forged = {
      "another key": await new SignJWT(claims)
        .setProtectedHeader({ alg: "ES256", kid })
        .sign(other.privateKey),
      "no kid": await new SignJWT(claims)
        .setProtectedHeader({ alg: "ES256" })
        .sign(other.privateKey),
      "HS256 with the public key": `${hs256}.${payload}.${createHmac("sha256", pem)
        .update(`${hs256}.${payload}`)
        .digest("base64url")}`,
      "alg none": `${none}.${payload}.`,
      "a changed payload": `${header}.${Buffer.from(
        JSON.stringify({ ...claims, sub: `${id}x` }),
      ).toString("base64url")}.${signature}`,
      "no signature": `${header}.${payload}.`,
      nothing: "",
      "100 kB": "x".repeat(100_000),
    };
    for (const [name, forgery] of Object.entries(forged)) {
      await assert.rejects(fixture.access.authenticate(forgery), { code: "unauthenticated" }, name);
    }
  });

  it("after a rotation new tokens have a new key, and old ones verify until they end", async () => {
    const { token: old, key } = await fixture.person();
    await fixture.access.rotate();
    const fresh = await fixture.token(key);
    assert.notEqual(decodeProtectedHeader(fresh).kid, decodeProtectedHeader(old).kid);
    const hub = fixture.another();
    for (const token of [old, fresh]) await hub.authenticate(token);
    const kids = async () => (await hub.jwks()).keys.map(({ kid }) => kid);
    assert.ok((await kids()).includes(decodeProtectedHeader(old).kid));
    fixture.clock.now += limits.tokenMs + limits.loginLeewayMs + 1_000;
    assert.deepEqual(await kids(), [decodeProtectedHeader(fresh).kid]);
  });

  it("a token of another hub on the same folder is good here, though it rotated since", async () => {
    const other = fixture.another();
    await fixture.access.jwks();
    fixture.clock.now += 2_000;
    await other.rotate();
    const { key } = await fixture.person();
    const publicKey = key.publicText;
    const { challenge } = other.challenge(publicKey);
    const signature = key.sign(challenge);
    const { token } = await other.verify({ publicKey, challenge, signature });
    assert.ok((await fixture.access.authenticate(token)).identityId);
  });

  it("a key that has signed for 30 days is followed by a new one by itself", async () => {
    const { key } = await fixture.person();
    const before = decodeProtectedHeader(await fixture.token(key)).kid;
    fixture.clock.now += limits.signingKeyMs;
    assert.notEqual(decodeProtectedHeader(await fixture.token(key)).kid, before);
  });

  it("keys on disk are readable by their owner alone", async () => {
    const folder = join(fixture.dataDir, "keys");
    assert.equal((await stat(folder)).mode & 0o777, 0o700);
    const names = await readdir(folder);
    assert.ok(names.length > 0);
    for (const name of names) assert.equal((await stat(join(folder, name))).mode & 0o777, 0o600);
  });
});

describe("stream tickets", () => {
  let fixture: AccessFixture;
  before(async () => {
    fixture = await openAccess();
  });
  after(() => fixture[Symbol.asyncDispose]());

  const issued = async () => {
    const home = await fixture.home();
    const other = await fixture.registry.sites.create(home.orgId, { name: "Barn" });
    const owner = await fixture.access.authenticate(home.ownerToken);
    const { ticket, expires_at } = await fixture.access.tickets.issueTicket(owner, [home.siteId]);
    return { ...home, otherSiteId: other.id, owner, ticket, expires_at };
  };

  it("a ticket is good again and again until it expires, and then not", async () => {
    const { ticket, expires_at, siteId } = await issued();
    const end = Date.parse(expires_at);
    assert.ok(Math.abs(end - fixture.clock.now - limits.ticketMs) <= 1_000);
    const start = fixture.clock.now;
    for (const now of [start, start + 1, end - 1]) {
      fixture.clock.now = now;
      assert.deepEqual((await fixture.access.tickets.authenticateTicket(ticket)).sites, [siteId]);
    }
    fixture.clock.now = end;
    await assert.rejects(fixture.access.tickets.authenticateTicket(ticket), {
      code: "ticket_invalid",
    });
    fixture.clock.now = start;
  });

  it("a ticket reads its own sites and nothing else", async () => {
    const { access } = fixture;
    const { ticket, orgId, siteId, otherSiteId } = await issued();
    const caller = await access.tickets.authenticateTicket(ticket);
    assert.deepEqual((await access.authorize(caller, "telemetry.read", { siteId })).sites, [
      siteId,
    ]);
    assert.deepEqual(await access.grantedSites(caller, orgId), [siteId]);
    const other = access.authorize(caller, "telemetry.read", { siteId: otherSiteId });
    await assert.rejects(other, { code: "ticket_invalid" });
    for (const action of ["site.view", "site.update", "org.view", "device.control"] as const) {
      await assert.rejects(access.authorize(caller, action, { siteId }), { code: "forbidden" });
    }
    await assert.rejects(access.tickets.issueTicket(caller, [siteId]), { code: "forbidden" });
  });

  it("a ticket is no token, and a token no ticket", async () => {
    const { ticket, ownerToken } = await issued();
    await assert.rejects(fixture.access.authenticate(ticket), { code: "unauthenticated" });
    await assert.rejects(fixture.access.tickets.authenticateTicket(ownerToken), {
      code: "ticket_invalid",
    });
  });

  it("a ticket ends with its identity, and sees no more than its identity still may", async () => {
    const { access, registry } = fixture;
    const { ticket, orgId, ownerId, siteId } = await issued();
    const heir = await fixture.person();
    await registry.organizations.transfer(orgId, heir.id);
    await registry.members.remove(orgId, ownerId);
    const caller = await access.tickets.authenticateTicket(ticket);
    const reading = access.authorize(caller, "telemetry.read", { siteId });
    await assert.rejects(reading, { code: "not_found" });
    await registry.identities.revoke(ownerId);
    await assert.rejects(access.tickets.authenticateTicket(ticket), { code: "identity_revoked" });
  });

  it("a ticket is for at least one site and at most as many as fit in a URL", async () => {
    const { owner } = await issued();
    const many = Array.from({ length: limits.ticketSitesMax + 1 }, (_, i) => `sit-${i}`);
    for (const sites of [[], many]) {
      await assert.rejects(fixture.access.tickets.issueTicket(owner, sites), {
        code: "validation_failed",
      });
    }
    const { ticket } = await fixture.access.tickets.issueTicket(owner, many.slice(1));
    assert.ok(ticket.length < 8_000);
  });
});
