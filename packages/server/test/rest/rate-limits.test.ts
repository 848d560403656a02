import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type RestHub, startRestHub } from "./rest-hub.ts";

describe("the limit of requests per identity", () => {
  let hub: RestHub;
  before(async () => {
    hub = await startRestHub({ requestsPerMinute: 3 });
  });
  after(() => hub[Symbol.asyncDispose]());

  it("is told by every answer, and counts all routes together", async () => {
    const person = await hub.person();
    const { headers } = await person.call("POST", "/organizations", { name: "n" });
    assert.equal(headers.get("ratelimit-limit"), "3");
    assert.equal(headers.get("ratelimit-remaining"), "2");
    const refused = await person.call("GET", "/sites/none");
    assert.deepEqual([refused.status, refused.headers.get("ratelimit-remaining")], [404, "1"]);
    await person.call("GET", "/gateways");
    const limited = await person.call("GET", "/organizations");
    assert.deepEqual([limited.status, limited.body.error], [429, "rate_limited"]);
    assert.ok(Number(limited.headers.get("retry-after")) >= 1);
    assert.equal(limited.headers.get("ratelimit-remaining"), "0");
  });

  it("is everybody's own", async () => {
    const [busy, other] = [await hub.person(), await hub.person()];
    for (let i = 0; i < 4; i++) await busy.call("GET", "/sites");
    assert.equal((await busy.call("GET", "/sites")).status, 429);
    const { status, headers } = await other.call("GET", "/sites");
    assert.deepEqual([status, headers.get("ratelimit-remaining")], [200, "2"]);
  });

  it("counts by address where a token says nobody, so that other tokens give no more", async () => {
    const ask = (token?: string) => hub.call("GET", "/sites", undefined, token);
    const answers = [await ask(), await ask("a.b.c"), await ask("d.e.f"), await ask("g.h.i")];
    assert.deepEqual(
      answers.map(({ status }) => status),
      [401, 401, 401, 429],
    );
  });

  it("leaves the routes out that have one by address", async () => {
    const person = await hub.person();
    for (let i = 0; i < 5; i++) assert.equal((await person.call("GET", "/identity")).status, 200);
  });
});
