import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { machineKey, personKey } from "./keys-for-tests.ts";
import { type Person, type RestHub, startRestHub } from "./rest-hub.ts";

describe("registering and logging in", () => {
  let hub: RestHub;
  before(async () => {
    hub = await startRestHub();
  });
  after(() => hub[Symbol.asyncDispose]());

  it("a key registers once, and again is the same identity", async () => {
    const body = { public_key: machineKey().publicText, type: "integration", name: "Billing" };
    const first = await hub.call("POST", "/identity/register", body);
    assert.equal(first.status, 201);
    assert.deepEqual(Object.keys(first.body), ["id", "type", "name", "created_at"]);
    assert.match(first.body.id, /^idt-[0-9a-f-]{36}$/);
    const second = await hub.call("POST", "/identity/register", { ...body, name: "Other" });
    assert.deepEqual([second.status, second.body], [200, first.body]);
  });

  it("a gateway that registers with its serial as name has it as id", async () => {
    const body = { public_key: machineKey().publicText, type: "gateway", name: "gw-7" };
    assert.equal((await hub.call("POST", "/identity/register", body)).body.id, "gw-7");
    const thief = { ...body, public_key: machineKey().publicText };
    const taken = await hub.call("POST", "/identity/register", thief);
    assert.deepEqual([taken.status, taken.body.error], [409, "conflict"]);
  });

  it("a person's key registers itself at its first challenge, a machine's does not", async () => {
    const key = personKey();
    const answer = await hub.login(key);
    assert.equal(answer.status, 200);
    assert.deepEqual(Object.keys(answer.body), [
      ...["token", "identity_id", "expires_at", "registered"],
    ]);
    assert.equal(answer.body.registered, true);
    assert.equal((await hub.login(key)).body.registered, false);
    const { identityType } = await hub.access.authenticate(answer.body.token);
    assert.equal(identityType, "user");
    const machine = await hub.login(machineKey());
    assert.deepEqual([machine.status, machine.body.error], [401, "key_unknown"]);
  });

  it("a challenge is signed once: a replay and another key's are refused", async () => {
    const key = personKey();
    const public_key = key.publicText;
    const asked = await hub.call("POST", "/auth/challenge", { public_key });
    assert.equal(asked.headers.get("cache-control"), "no-store");
    const { challenge, expires_at } = asked.body;
    const left = Date.parse(expires_at) - Date.now();
    assert.ok(left > 290_000 && left <= 300_000);
    const verify = { public_key, challenge, signature: key.sign(challenge) };
    assert.equal((await hub.call("POST", "/auth/verify", verify)).status, 200);
    const replay = await hub.call("POST", "/auth/verify", verify);
    assert.deepEqual([replay.status, replay.body.error], [401, "challenge_invalid"]);
    const other = personKey();
    const { body } = await hub.call("POST", "/auth/challenge", { public_key });
    const stolen = { public_key: other.publicText, challenge: body.challenge };
    const signature = other.sign(body.challenge);
    const answer = await hub.call("POST", "/auth/verify", { ...stolen, signature });
    assert.equal(answer.body.error, "challenge_invalid");
  });

  it("a wrong signature is refused and uses the challenge up", async () => {
    const key = personKey();
    const public_key = key.publicText;
    const { challenge } = (await hub.call("POST", "/auth/challenge", { public_key })).body;
    const wrong = { public_key, challenge, signature: key.sign(`${challenge}x`) };
    const answer = await hub.call("POST", "/auth/verify", wrong);
    assert.deepEqual([answer.status, answer.body.error], [401, "signature_invalid"]);
    const right = { ...wrong, signature: key.sign(challenge) };
    assert.equal((await hub.call("POST", "/auth/verify", right)).body.error, "challenge_invalid");
  });

  it("a gateway logs in by challenge, with its key as JWK", async () => {
    const owner = await hub.person();
    const orgId = (await owner.call("POST", "/organizations", { name: "O" })).body.id;
    const key = machineKey();
    assert.equal((await hub.claim(owner, orgId, "gw-login", key)).status, 201);
    const { body } = await hub.login(key);
    const shown = await hub.call("GET", "/gateways/gw-login", undefined, body.token);
    assert.deepEqual([body.identity_id, shown.status], ["gw-login", 200]);
  });

  it("an identity adds a key by proving it, logs in with it, and takes the old one away", async () => {
    const person = await hub.person();
    const key = personKey();
    const public_key = key.publicText;
    const { challenge } = (await hub.call("POST", "/auth/challenge", { public_key })).body;
    const proof = { public_key, challenge, signature: key.sign(challenge) };
    assert.equal((await person.call("POST", "/identity/keys", proof)).status, 201);
    assert.equal((await hub.login(key)).body.identity_id, person.id);
    const [old, added] = (await person.call("GET", "/identity")).body.public_keys;
    assert.equal((await person.call("DELETE", `/identity/keys/${old}`)).status, 204);
    assert.equal((await person.call("GET", "/identity")).status, 401);
    const { token } = (await hub.login(key)).body;
    const last = await hub.call("DELETE", `/identity/keys/${added}`, undefined, token);
    assert.deepEqual([last.status, last.body.error], [409, "conflict"]);
  });

  it("somebody revokes himself, root anybody, an admin no operator, others nobody", async () => {
    const [root, admin, user] = [
      await hub.person("root"),
      await hub.person("admin"),
      await hub.person(),
    ];
    const revoke = async (who: Person, whom: Person) =>
      (await who.call("POST", `/identities/${whom.id}/revoke`)).status;
    assert.equal(await revoke(user, admin), 404);
    assert.equal(await revoke(admin, root), 404);
    assert.equal(await revoke(admin, user), 204);
    const refused = await user.call("GET", "/organizations");
    assert.deepEqual([refused.status, refused.body.error], [401, "identity_revoked"]);
    assert.equal(await revoke(root, admin), 204);
    const other = await hub.person();
    assert.equal(await revoke(other, other), 204);
    assert.equal((await hub.login(other.key)).body.error, "identity_revoked");
  });

  it("only root makes operators of the platform", async () => {
    const register = async (type: string, who?: Person) => {
      const body = { public_key: personKey().publicText, type };
      return (await hub.call("POST", "/identity/register", body, who?.token)).status;
    };
    const [root, admin] = [await hub.person("root"), await hub.person("admin")];
    for (const type of ["admin", "root"]) {
      assert.deepEqual(
        [await register(type), await register(type, admin), await register(type, root)],
        [403, 403, 201],
      );
    }
  });

  it("requests without a good token are told so", async () => {
    const answer = await hub.call("GET", "/organizations");
    assert.deepEqual([answer.status, answer.body.error], [401, "unauthenticated"]);
    assert.equal(answer.headers.get("www-authenticate"), "Bearer");
    assert.equal((await hub.call("GET", "/identity", undefined, "abc")).status, 401);
    const { key } = await hub.person();
    const basic = await fetch(`${hub.url}/identity`, {
      headers: { authorization: `Basic ${key.publicText}` },
    });
    assert.equal(basic.status, 401);
  });
});

describe("registration by setting", () => {
  for (const registration of ["invite-only", "closed"] as const) {
    it(`${registration} keeps strangers out, and lets those in who are known`, async () => {
      await using hub = await startRestHub({ registration });
      const body = { public_key: personKey().publicText, type: "user" };
      const stranger = await hub.call("POST", "/identity/register", body);
      assert.deepEqual([stranger.status, stranger.body.error], [403, "registration_closed"]);
      assert.equal((await hub.login(personKey())).body.error, "registration_closed");
      const admin = await hub.person("admin");
      const invited = await admin.call("POST", "/identity/register", body);
      assert.equal(invited.status, registration === "closed" ? 403 : 201);
      assert.equal((await hub.login(admin.key)).status, 200);
    });
  }
});

describe("the rate limit of the auth routes", () => {
  it("answers 429 with Retry-After and RateLimit headers, and spares other routes", async () => {
    await using hub = await startRestHub({ authRequestsPerMinute: 3 });
    const public_key = personKey().publicText;
    const ask = () => hub.call("POST", "/auth/challenge", { public_key });
    const first = await ask();
    assert.equal(first.status, 200);
    assert.equal(first.headers.get("ratelimit-limit"), "3");
    assert.equal(first.headers.get("ratelimit-remaining"), "2");
    await ask();
    await ask();
    const limited = await ask();
    assert.deepEqual([limited.status, limited.body.error], [429, "rate_limited"]);
    assert.ok(Number(limited.headers.get("retry-after")) >= 1);
    assert.equal(limited.headers.get("ratelimit-remaining"), "0");
    assert.equal((await hub.call("GET", "/.well-known/jwks.json")).status, 200);
    assert.equal((await hub.call("GET", "/organizations")).status, 401);
  });
});
