import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { after, before, describe, it, test } from "node:test";
import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import { readConfig } from "../../src/config.ts";
import { createHttpApp } from "../../src/http-app.ts";

describe("requests that come to no route", () => {
  let app: FastifyInstance;
  let url: string;
  before(async () => {
    app = await createHttpApp(readConfig({}), pino({ level: "silent" }));
    app.get("/things/:id", ({ params }) => ({ length: Object(params).id.length }));
    app.post("/things", ({ body }) => body);
    url = await app.listen({ port: 0, host: "127.0.0.1" });
  });
  after(() => app.close());

  const ask = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`${url}${path}`, init);
    const { status, headers } = response;
    return { status, headers, body: JSON.parse(await response.text()) };
  };

  it("a part of the path is as long as a P-256 key in hex, and no longer", async () => {
    assert.deepEqual((await ask(`/things/${"0".repeat(128)}`)).body, { length: 128 });
    const { status, body } = await ask(`/things/${"0".repeat(129)}`);
    assert.deepEqual([status, body.error], [404, "not_found"]);
  });

  it("a path that is no text is malformed", async () => {
    const { status, body } = await ask("/things/%ff");
    assert.deepEqual([status, body.error], [400, "malformed_request"]);
  });

  it("a method that the path does not take is told which it takes, whatever comes with it", async () => {
    const inits: RequestInit[] = [
      { method: "QUERY" },
      { method: "PUT", body: "{", headers: { "content-type": "application/json" } },
      { method: "PATCH", body: "x", headers: { "content-type": "image/png" } },
    ];
    for (const init of inits) {
      const { status, headers, body } = await ask("/things", init);
      assert.deepEqual([status, body.error], [405, "method_not_allowed"], `${init.method}`);
      assert.equal(headers.get("allow"), "POST");
    }
  });

  it("a head that is too large, and what is no HTTP, are told why", async () => {
    const say = async (text: string) => {
      const socket = connect(Number(new URL(url).port), "127.0.0.1").setEncoding("utf8");
      let answer = "";
      socket.on("data", (part: string) => {
        answer += part;
      });
      socket.write(text);
      await once(socket, "close");
      const [head = "", body = ""] = answer.split("\r\n\r\n");
      return { head, body: JSON.parse(body) };
    };
    const large = await say(`GET /${"x".repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`);
    assert.match(large.head, /^HTTP\/1\.1 400 /);
    assert.equal(large.body.error, "malformed_request");
    assert.match(large.body.message, /larger than 16384 bytes/);
    assert.match((await say("hello\r\n\r\n")).body.message, /no HTTP request/);
  });

  it("a request that did not come in time may be sent again", async () => {
    const accepted = once(app.server, "connection");
    const socket = connect({ port: Number(new URL(url).port), host: "127.0.0.1" });
    const answered = once(socket, "data");
    const [connection] = await accepted;
    // What Node tells when its own clock has run out.
    const error = Object.assign(new Error("late"), { code: "ERR_HTTP_REQUEST_TIMEOUT" });
    app.server.emit("clientError", error, connection);
    const [answer] = await answered;
    assert.match(String(answer), /^HTTP\/1\.1 503 [\s\S]*"error":"unavailable"/);
  });
});

test("a hub that stops refuses what still comes, in the shape of its errors", async (t) => {
  const app = await createHttpApp(readConfig({}), pino({ level: "silent" }));
  t.after(() => app.close());
  app.get("/things", () => ({}));
  const asked = Promise.withResolvers<{ answer: Response; body: string }>();
  app.addHook("preClose", async () => {
    const answer = await fetch(`${url}/things`);
    asked.resolve({ answer, body: await answer.text() });
  });
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  await app.close();
  const { answer, body } = await asked.promise;
  const { error, request_id } = JSON.parse(body);
  assert.deepEqual([answer.status, error], [503, "going_away"]);
  assert.equal(answer.headers.get("x-request-id"), request_id);
  assert.equal(answer.headers.get("connection"), "close");
});
