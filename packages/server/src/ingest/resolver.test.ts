import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Refusal } from "./refusal.ts";
import type { GatewayTree, Target } from "./resolve-target.ts";
import { Resolver } from "./resolver.ts";

/** A registry whose answers the test gives by hand. */
function createRegistry() {
  const listeners: ((change: { kind: string; id: string }) => void)[] = [];
  const asked: PromiseWithResolvers<GatewayTree | undefined>[] = [];
  const resolver = new Resolver({
    readTree() {
      const question = Promise.withResolvers<GatewayTree | undefined>();
      asked.push(question);
      return question.promise;
    },
    changes: {
      subscribe(listener) {
        listeners.push(listener);
        return () => undefined;
      },
    },
  });
  const found: (Target | Refusal | Error)[] = [];
  return {
    resolver,
    asked,
    found,
    codes: () =>
      found.map((each) =>
        each instanceof Refusal ? each.code : "derId" in each ? each.derId : "",
      ),
    ask: (der: string) => resolver.resolve("gw", "hw", der, (target) => found.push(target)),
    change() {
      for (const listener of listeners) listener({ kind: "gateway", id: "gw" });
    },
  };
}

const treeWith = (...names: string[]): GatewayTree => ({
  serial: "gw",
  orgId: "org-1",
  batterySign: "canonical",
  devices: [
    {
      deviceId: "dev",
      hardwareId: "hw",
      siteId: "sit",
      state: "active",
      ders: names.map((name) => ({ derId: name, name, readingType: "pv" })),
    },
  ],
});

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("a flood of unknown DERs costs one query, then one more after a while", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const { resolver, asked, ask, codes } = createRegistry();
    for (let i = 0; i < 1_000; i++) ask("x");
    assert.equal(asked.length, 1);
    asked[0]?.resolve(treeWith("a"));
    await turn();
    for (let i = 0; i < 1_000; i++) ask("x");
    assert.equal(asked.length, 1, "not before its time");
    mock.timers.tick(100);
    await turn();
    assert.equal(asked.length, 2);
    asked[1]?.resolve(treeWith("a"));
    await turn();
    assert.equal(codes().length, 2_000);
    mock.timers.tick(100);
    await turn();
    assert.equal(asked.length, 2, "nobody asks any more");
    resolver.close();
  } finally {
    mock.timers.reset();
  }
});

test("who asks during a query is answered by it as far as it finds anything", async () => {
  const { asked, ask, codes } = createRegistry();
  ask("a");
  ask("b");
  asked[0]?.resolve(treeWith("a", "b"));
  await turn();
  assert.deepEqual([codes(), asked.length], [["a", "b"], 1]);
});

test("a miss is not remembered: who is provisioned meanwhile is found", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const { asked, ask, codes } = createRegistry();
    ask("b");
    asked[0]?.resolve(treeWith("a"));
    await turn();
    ask("b");
    mock.timers.tick(100);
    await turn();
    asked[1]?.resolve(treeWith("a", "b"));
    await turn();
    assert.deepEqual(codes(), ["der_unknown", "b"]);
  } finally {
    mock.timers.reset();
  }
});

test("a hit is remembered until the registry changes", async () => {
  const { resolver, asked, ask, change } = createRegistry();
  ask("a");
  asked[0]?.resolve(treeWith("a"));
  await turn();
  assert.equal(resolver.find("gw", "hw", "a")?.derId, "a");
  change();
  assert.equal(resolver.find("gw", "hw", "a"), undefined);
});

test("a change is worth an early look", async () => {
  const { asked, ask, change, codes } = createRegistry();
  ask("b");
  asked[0]?.resolve(treeWith("a"));
  await turn();
  ask("b");
  change();
  await turn();
  asked[1]?.resolve(treeWith("a", "b"));
  await turn();
  assert.deepEqual(codes(), ["der_unknown", "b"]);
});

test("an answer from before a change is thrown away", async () => {
  const { asked, ask, change, codes } = createRegistry();
  ask("b");
  change();
  asked[0]?.resolve(treeWith("a"));
  await turn();
  assert.deepEqual(codes(), []);
  asked[1]?.resolve(treeWith("b"));
  await turn();
  assert.deepEqual(codes(), ["b"]);
});

test("a registry that fails is an error, not an unknown gateway", async () => {
  const { asked, ask, found } = createRegistry();
  ask("a");
  asked[0]?.reject(new Error("locked"));
  await turn();
  assert.ok(found[0] instanceof Error);
});
