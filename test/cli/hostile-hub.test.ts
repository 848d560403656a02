import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { createServer as createTcpServer, type Server } from "node:net";
import { type TestContext, test } from "node:test";
import { createVirtualGateway } from "@novacore/simulator";
import { certificateMaker } from "../support/certificates.ts";
import { createCommandUser } from "./command.ts";
import { hasTerminals, visible } from "./terminal.ts";

const sequences = "\u001b[2J\u001b]0;PWNED\u0007\u001b[31m\u009b7m\u202efake";
const noTerminal = hasTerminals() ? false : "there is no script command to make a terminal";

test("what a hub says in errors and findings cannot steer the terminal", async (t) => {
  const { person, env } = await open(t);
  for (const command of [["site", "show", "bad"], ["doctor"]]) {
    const { stdout, stderr } = await person.run(command, { env });
    assert.match(stdout + stderr, /fake/, command.join(" "));
    assert.doesNotMatch(stdout + stderr, /[^\n\P{Cc}]|\u202e/u, command.join(" "));
  }
});

test("a name in a question cannot steer the terminal", { skip: noTerminal }, async (t) => {
  const { person, env } = await open(t);
  const terminal = person.startAtTerminal(["site", "delete", "sit-1"], { env });
  await terminal.until("it asks", () => terminal.stdout().includes("[y/N]"));
  terminal.type("n\n");
  await terminal.ended;
  assert.match(visible(terminal.stdout()), /Delete sit-1 \(Home fake\)\?/);
});

test("a version that a shell would run is not offered to be pasted", async (t) => {
  const { person, env } = await open(t);
  const { stdout } = await person.run(["doctor"], { env });
  assert.match(stdout, /use the command of the hub's version$/m);
});

for (const way of ["mqtt", "nats"] as const) {
  test(`a gateway's login goes to no ${way} without TLS that an https hub tells of`, async (t) => {
    const made = certificateMaker(t)?.make("hub");
    if (made === undefined) return;
    let received = "";
    const broker = createTcpServer((socket) => {
      socket.on("error", () => undefined);
      if (way === "nats") socket.write('INFO {"server_id":"X","version":"2.15.1","proto":1}\r\n');
      socket.on("data", (chunk) => {
        received += chunk.toString("latin1");
      });
    });
    const host = `127.0.0.1:${await listen(broker, t)}`;
    const servers = { mqtt: { host, protocol: "mqtt" }, nats: { host, protocol: "nats" } };
    const hub = createHttpsServer(made, (_request, response) => {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ servers }));
    });
    const env = {
      NOVACORE_URL: `https://127.0.0.1:${await listen(hub, t)}`,
      NODE_EXTRA_CA_CERTS: made.certPath,
    };
    const person = await createCommandUser(t);
    const { privateKey } = createVirtualGateway();
    const { code, stderr } = await person.run(
      [
        ...["publish", "--serial", "gw", "--key", "-", "--via", way, "--wait", "1s"],
        '{"type":"pv","W":-1,"hardware_id":"a","der":"b"}',
      ],
      { env, stdin: privateKey.export({ type: "pkcs8", format: "pem" }).toString() },
    );
    assert.notEqual(code, 0);
    assert.doesNotMatch(received, /eyJ/, "no JWT");
    if (way === "mqtt") assert.match(stderr, /without TLS.*say by --mqtt-url mqtt:/);
  });
}

async function listen(server: Server, t: TestContext): Promise<number> {
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => server.close());
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  return address.port;
}

async function open(t: TestContext) {
  const text = `Home ${sequences}`;
  const server = createServer(({ url = "" }, response) => {
    response.setHeader("content-type", "application/json");
    const answer = answers[url] ?? { id: "sit-1", name: text };
    if (url === "/sites/bad") response.statusCode = 404;
    response.end(JSON.stringify(answer));
  });
  const answers: Readonly<Record<string, object>> = {
    "/sites/bad": {
      ...{ error: "not_found", message: text },
      details: [{ path: `/${sequences}`, message: `no ${sequences}` }],
    },
    "/healthz": { status: "ok", version: `1.2; touch x # ${sequences}`, nats_server: text },
    "/readyz": { status: "ready", checks: [{ name: text, ok: false, reason: text }] },
    "/organizations?limit=1": [],
    "/asyncapi.json": { servers: {} },
  };
  const env = {
    NOVACORE_URL: `http://127.0.0.1:${await listen(server, t)}`,
    NOVACORE_TOKEN: "token",
  };
  return { person: await createCommandUser(t), env };
}
