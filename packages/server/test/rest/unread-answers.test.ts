import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { after, before, describe, it } from "node:test";
import fastify, { type FastifyInstance } from "fastify";
import { UnreadAnswers } from "../../src/rest/unread-answers.ts";

/** More than the kernel keeps for two sockets. */
const bytes = 32 * 1024 ** 2;

describe("answers that nobody reads", () => {
  const unread = new UnreadAnswers({ bytesMax: bytes, stallMs: 200 });
  let app: FastifyInstance;
  let port: number;

  before(async () => {
    app = fastify({ connectionTimeout: 0, forceCloseConnections: true });
    app.get("/large", (_, reply) => {
      unread.add("idt-1", bytes, reply.raw);
      return reply.send(Buffer.alloc(bytes));
    });
    await app.listen({ host: "127.0.0.1", port: 0 });
    const address = app.server.address();
    assert.ok(typeof address === "object" && address !== null);
    port = address.port;
  });
  after(() => app.close());

  it("are the last that their identity gets, and are cut", async () => {
    const asked = once(app.server, "request");
    const socket = connect(port, "127.0.0.1").pause();
    socket.write("GET /large HTTP/1.1\r\nHost: hub\r\n\r\n");
    const [, response] = await asked;
    // Its handler runs after those who heard of the request before it.
    await new Promise(setImmediate);
    assert.throws(() => unread.assertRoom("idt-1"), /You have not read 33554432 bytes/);
    unread.assertRoom("idt-2");
    await once(response, "close");
    unread.assertRoom("idt-1");
    assert.equal(unread.size, 0);
    socket.destroy();
  });

  it("are forgotten when they are read, and the connection lives on", async () => {
    const response = await fetch(`http://127.0.0.1:${port}/large`);
    const read = await response.arrayBuffer();
    assert.equal(read.byteLength, bytes);
    unread.assertRoom("idt-1");
  });
});
