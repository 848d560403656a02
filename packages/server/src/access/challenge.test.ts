import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ChallengeStore } from "./challenge.ts";
import { fromCanonical } from "./keys.ts";

const alice = fromCanonical("a".repeat(64));
const bob = fromCanonical("b".repeat(64));

describe("challenges", () => {
  const lifetimeMs = 300_000;
  const make = (openMax = 10) => {
    const clock = { now: 1_000 };
    return { clock, store: new ChallengeStore({ now: () => clock.now, lifetimeMs, openMax }) };
  };

  it("a challenge is good once", () => {
    const { store } = make();
    const { challenge } = store.issue(alice);
    assert.equal(store.take(challenge, [alice]), true);
    assert.equal(store.take(challenge, [alice]), false);
  });

  it("a challenge is good for its own key only, and used up by trying another", () => {
    const { store } = make();
    const { challenge } = store.issue(alice);
    assert.equal(store.take(challenge, [bob]), false);
    assert.equal(store.take(challenge, [alice]), false);
  });

  it("a challenge ends when it said it would", () => {
    const { clock, store } = make();
    const first = store.issue(alice);
    assert.equal(first.expiresAt, 301_000);
    const second = store.issue(alice);
    clock.now = 300_999;
    assert.equal(store.take(first.challenge, [alice]), true);
    clock.now = 301_000;
    assert.equal(store.take(second.challenge, [alice]), false);
  });

  it("a full store lets the oldest go, and no other", () => {
    const { store } = make(2);
    const [first, second, third] = [store.issue(alice), store.issue(alice), store.issue(alice)];
    assert.equal(store.take(first.challenge, [alice]), false);
    assert.equal(store.take(second.challenge, [alice]), true);
    assert.equal(store.take(third.challenge, [alice]), true);
  });

  it("no two challenges are the same, and none was made up", () => {
    const { store } = make();
    assert.notEqual(store.issue(alice).challenge, store.issue(alice).challenge);
    assert.equal(store.take("novacore-login-", [alice]), false);
  });
});
