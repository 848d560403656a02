import assert from "node:assert/strict";
import { test } from "node:test";
import { nkeys } from "@nats-io/transport-node";
import fc from "fast-check";
import { createNkey, readPublicKey, readSeed, verifyNkey } from "./nkeys.ts";

test("NATS's own implementation reads our seeds and verifies our signatures", () => {
  for (const kind of ["user", "account"] as const) {
    const { seed, key } = createNkey(kind);
    const theirs = nkeys.fromSeed(new TextEncoder().encode(seed));
    assert.equal(theirs.getPublicKey(), key.publicKey);
    assert.equal(theirs.verify(new TextEncoder().encode("nonce"), key.sign("nonce")), true);
  }
});

test("we read the seeds, keys and signatures of NATS's own implementation", () => {
  const theirs = nkeys.createUser();
  const ours = readSeed(new TextDecoder().decode(theirs.getSeed()), "user");
  assert.equal(ours.publicKey, theirs.getPublicKey());
  const key = readPublicKey(theirs.getPublicKey(), "user");
  assert.ok(key);
  const signature = theirs.sign(new TextEncoder().encode("nonce"));
  assert.equal(verifyNkey(key, "nonce", signature), true);
  assert.equal(verifyNkey(key, "nonces", signature), false);
  assert.equal(verifyNkey(key, "nonce", signature.subarray(1)), false);
});

test("a key is only what it says it is", () => {
  const user = createNkey("user");
  const account = createNkey("account");
  assert.equal(readPublicKey(user.key.publicKey, "account"), undefined);
  assert.equal(readPublicKey(user.seed, "user"), undefined);
  assert.throws(() => readSeed(account.seed, "user"), /not the seed of a NATS user key/);
  assert.throws(
    () => readSeed(`${user.seed.slice(0, -1)}!`, "user"),
    (error: Error) => !error.message.includes(user.seed.slice(4, 20)),
  );
});

test("text with a wrong character or length is no key and never throws", () => {
  const { key } = createNkey("user");
  const position = fc.integer({ min: 0, max: key.publicKey.length - 1 });
  const letter = fc.constantFrom(..."ABCDEFGHIJKLMNOPQRSTUVWXYZ234567");
  fc.assert(
    fc.property(position, letter, (at, character) => {
      const changed = key.publicKey.slice(0, at) + character + key.publicKey.slice(at + 1);
      assert.equal(readPublicKey(changed, "user") !== undefined, changed === key.publicKey);
    }),
  );
  fc.assert(fc.property(fc.string(), (text) => readPublicKey(text, "user") === undefined));
});
