import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import fastify from "fastify";
import { registerErrorHandler } from "../../src/rest/errors.ts";
import { type Person, type RestHub, startRestHub } from "./rest-hub.ts";

describe("errors on REST", () => {
  let hub: RestHub;
  let person: Person;
  before(async () => {
    hub = await startRestHub();
    person = await hub.person();
  });
  after(() => hub[Symbol.asyncDispose]());

  it("a body that is no JSON is malformed", async () => {
    for (const body of ["{", "", '{"name": }', '{"__proto__": {"x": 1}, "name": "n"}']) {
      const answer = await person.call("POST", "/organizations", body);
      assert.equal(answer.status, 400, body);
      assert.equal(answer.body.error, "malformed_request");
      assert.ok(answer.body.message && answer.body.request_id);
    }
  });

  it("a body that is JSON and wrong fails validation, with the path of each fault", async () => {
    const cases: Record<string, { body: unknown; path: string }> = {
      "a missing member": { body: {}, path: "/name" },
      "a wrong type": { body: { name: 1 }, path: "/name" },
      "an empty name": { body: { name: "" }, path: "/name" },
      "a control character": { body: { name: "a\u0000b" }, path: "/name" },
      "one of C1": { body: { name: "a\u009b31mb" }, path: "/name" },
      "one that turns the order of letters": { body: { name: "a\u202eb" }, path: "/name" },
      "no object": { body: [], path: "" },
    };
    for (const [name, { body, path }] of Object.entries(cases)) {
      const answer = await person.call("POST", "/organizations", body);
      assert.equal(answer.status, 422, name);
      assert.equal(answer.body.error, "validation_failed");
      assert.equal(answer.body.details[0].path, path, name);
      assert.ok(answer.body.details[0].message);
    }
  });

  it("a nested fault is told by its JSON pointer", async () => {
    const answer = await person.call("POST", "/devices/provision", {
      gateway_serial: "gw",
      hardware_id: "h",
      device_type: "inverter",
      site_id: "sit-1",
      ders: [{ name: "ok", type: "solar" }, { name: "not ok", type: "solar" }, { type: "meter" }],
    });
    assert.equal(answer.status, 422);
    const paths = answer.body.details.map((detail: { path: string }) => detail.path);
    assert.ok(paths.includes("/ders/1/name"), paths.join());
    assert.ok(paths.includes("/ders/2/name"), paths.join());
  });

  it("a fault says what can stand there, and what did", async () => {
    const { body: org } = await person.call("POST", "/organizations", { name: "n" });
    const add = async (body: object) => {
      const answer = await person.call("POST", `/organizations/${org.id}/members`, body);
      assert.deepEqual([answer.status, answer.body.error], [422, "validation_failed"]);
      return answer.body.message;
    };
    const member = { identity_id: "idt-1", role: "viewer" };
    const roles = "owner, admin, operator, viewer";
    assert.equal(
      await add({ ...member, role: "boss" }),
      `/role must be one of ${roles}, not "boss".`,
    );
    assert.match(
      await add({ ...member, site: 1 }),
      /^\/site is no member .*\(known: .*site_ids.*\)\.$/,
    );
    const { body } = await person.call("GET", "/organizations?limit=x");
    assert.equal(body.message, "/limit must be an integer.");
    const named = await person.call("POST", "/organizations", { name: "a\nb" });
    assert.match(named.body.message, /without control characters such as line breaks, not "a\\nb"/);
  });

  it("a body that is too large or of another type is told so", async () => {
    const large = await person.call("POST", "/organizations", { name: "x".repeat(100_000) });
    assert.deepEqual([large.status, large.body.error], [413, "payload_too_large"]);
    const form = await fetch(`${hub.url}/organizations`, {
      method: "POST",
      headers: { authorization: `Bearer ${person.token}` },
      body: new URLSearchParams({ name: "x" }),
    });
    assert.equal(form.status, 415);
    assert.match(await form.text(), /"error":"unsupported_media_type"/);
  });

  it("an unknown path is 404, a known one with another method 405 with Allow", async () => {
    const unknown = await hub.call("GET", "/nothing?token=secret");
    assert.deepEqual([unknown.status, unknown.body.error], [404, "not_found"]);
    assert.ok(!JSON.stringify(unknown.body).includes("secret"));
    const wrong = await hub.call("PATCH", "/sites/sit-1");
    assert.deepEqual([wrong.status, wrong.body.error], [405, "method_not_allowed"]);
    assert.equal(wrong.headers.get("allow"), "DELETE, GET, HEAD, PUT");
  });

  it("an id that can be none names nothing", async () => {
    for (const id of ["%00", "a.b", "x".repeat(65), "%F0%9F%98%80", "'; drop table sites; --"]) {
      assert.equal((await person.call("GET", `/sites/${id}`)).status, 404, id);
    }
  });

  it("what breaks inside is logged and never answered", async () => {
    const lines: string[] = [];
    const app = fastify({
      logger: { level: "error", stream: { write: (line: string) => lines.push(line) } },
    });
    registerErrorHandler(app);
    app.get("/breaks", async () => {
      throw new Error("password of the database: hunter2");
    });
    const response = await app.inject("/breaks");
    assert.equal(response.statusCode, 500);
    assert.equal(response.json().error, "internal");
    assert.ok(!response.body.includes("hunter2"));
    assert.ok(lines.join("").includes(response.json().request_id));
    await app.close();
  });
});
