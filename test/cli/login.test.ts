import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { createPerson } from "@novacore/simulator";
import { createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";
import { createCommandUser, type Person } from "./command.ts";

interface LoggedIn {
  readonly profile: string;
  readonly url: string;
  readonly identity_id: string;
  readonly public_key: string;
  readonly token_expires_at: string;
}

let hub: TestHub;
let home: Home;

before(async () => {
  hub = await startHub();
  home = await createHome(hub);
});
after(() => hub?.close());

test("the first login makes a key and keeps it for its owner alone", async (t) => {
  const person = await createCommandUser(t);
  const loggedIn = await person.json<LoggedIn>(["login", "--url", hub.url, "--name", "Ada"]);
  assert.match(loggedIn.identity_id, /^idt-/);
  assert.ok(Date.parse(loggedIn.token_expires_at) > Date.now());
  const folder = join(person.configHome, "novacore", "profiles", "default");
  assert.deepEqual(await modesIn(folder), { "key.pem": "600", "profile.json": "600" });
  for (const path of [folder, join(folder, ".."), join(folder, "..", "..")]) {
    assert.equal(await modeOf(path), "700", path);
  }
  const me = await person.json<{ id: string; name: string }>(["whoami"]);
  assert.deepEqual([me.id, me.name], [loggedIn.identity_id, "Ada"]);
  const again = await person.json<LoggedIn>(["login"]);
  assert.equal(again.identity_id, loggedIn.identity_id);
});

test("a folder that others could look into is closed by the login", async (t) => {
  const person = await createCommandUser(t);
  const folder = join(person.configHome, "novacore", "profiles", "default");
  await mkdir(folder, { recursive: true });
  await chmod(folder, 0o755);
  await person.json(["login", "--url", hub.url]);
  assert.equal(await modeOf(folder), "700");
});

test("a key comes from a file or from stdin, and never replaces another", async (t) => {
  const person = await createCommandUser(t);
  const { pem, publicKey } = newKey();
  const file = join(person.configHome, "key.pem");
  await writeFile(file, pem, { mode: 0o600 });
  const byFile = await person.json<LoggedIn>(["login", "--url", hub.url, "--key", file]);
  const byStdin = await person.json<LoggedIn>(
    ["login", "--url", hub.url, "--key", "-", "--profile", "second"],
    { stdin: pem },
  );
  assert.deepEqual(
    [byFile.public_key, byStdin.public_key, byStdin.identity_id],
    [publicKey, publicKey, byFile.identity_id],
  );
  const other = await person.run(["login", "--key", "-"], { stdin: newKey().pem });
  assert.equal(other.code, 1);
  assert.match(other.stderr, /The profile default has another key \(.+key\.pem\)/);
  const same = await person.run(["login", "--key", "-"], { stdin: pem });
  assert.equal(same.code, 0, same.stderr);
});

test("a P-256 key and a JWK log in as well, where the hub knows them", async (t) => {
  const person = await createCommandUser(t);
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const stdin = JSON.stringify(privateKey.export({ format: "jwk" }));
  const unknown = await person.run(["login", "--url", hub.url, "--key", "-"], { stdin });
  assert.equal(unknown.code, 3);
  assert.match(unknown.stderr, /No identity has that key/);
  await register(publicKey.export({ format: "jwk" }));
  const { code, stderr } = await person.run(["login", "--url", hub.url, "--key", "-"], { stdin });
  assert.equal(code, 0, stderr);
});

test("what is no key is refused without being repeated", async (t) => {
  const person = await createCommandUser(t);
  for (const stdin of [
    "hunter2",
    '{"kty":"OKP","d":"hunter2"}',
    "-----BEGIN PRIVATE KEY-----\nhunter2",
  ]) {
    const { code, stdout, stderr } = await person.run(["login", "--key", "-"], { stdin });
    assert.equal(code, 1);
    assert.match(stderr, /stdin holds no private key that can be read/);
    assert.doesNotMatch(stdout + stderr, /hunter2/);
  }
  const missing = await person.run(["login", "--key", "/none/key.pem"]);
  assert.match(missing.stderr, /The key cannot be read: .*\/none\/key\.pem/);
});

test("a token that has ended is renewed by the key, and kept", async (t) => {
  const person = await loggedIn(t);
  const path = join(person.configHome, "novacore", "profiles", "default", "profile.json");
  const before = JSON.parse(await readFile(path, "utf8"));
  const ended = { ...before, token_expires_at: new Date(Date.now() - 1_000).toISOString() };
  await writeFile(path, JSON.stringify(ended));
  await person.json(["whoami"]);
  const after = JSON.parse(await readFile(path, "utf8"));
  assert.ok(Date.parse(after.token_expires_at) > Date.now());
  assert.equal(await modeOf(path), "600");
  // One that the hub refuses, whatever its time says.
  await writeFile(path, JSON.stringify({ ...before, token: "spoilt" }));
  await person.json(["whoami"]);
});

test("a profile that was spoilt is as if nobody had logged in, and keeps its key", async (t) => {
  const person = await loggedIn(t);
  const { id } = await person.json<{ id: string }>(["whoami"]);
  const path = join(person.configHome, "novacore", "profiles", "default", "profile.json");
  for (const content of ["", "{", "[]", '{"url":7}']) {
    await writeFile(path, content);
    assert.equal((await person.run(["whoami"])).code, 3, content);
  }
  const again = await person.json<LoggedIn>(["login", "--url", hub.url]);
  assert.equal(again.identity_id, id);
});

test("the environment's address and token come before the profile's", async (t) => {
  const person = await loggedIn(t);
  const env = { NOVACORE_URL: hub.url, NOVACORE_TOKEN: home.token };
  const me = await person.json<{ id: string }>(["whoami"], { env });
  assert.equal(me.id, home.session.identityId);
  const nobody = await createCommandUser(t);
  assert.equal((await nobody.json<{ id: string }>(["whoami"], { env })).id, me.id);
  const spoilt = await nobody.run(["whoami"], { env: { ...env, NOVACORE_TOKEN: "spoilt" } });
  assert.equal(spoilt.code, 3);
  assert.match(spoilt.stderr, /token of NOVACORE_TOKEN/);
  assert.doesNotMatch(spoilt.stderr, /spoilt/);
});

test("neither token nor key goes to another hub than the one that they are of", async (t) => {
  const person = await loggedIn(t);
  const asked: string[] = [];
  const other = createServer(({ url = "" }, response) => {
    asked.push(url);
    response.end();
  });
  await once(other.listen(0, "127.0.0.1"), "listening");
  t.after(() => other.close());
  const env = { NOVACORE_URL: urlOf(other) };
  const { code, stderr } = await person.run(["whoami"], { env });
  assert.equal(code, 3, stderr);
  assert.ok(
    stderr.includes(`The profile default is of ${hub.url}; nobody is logged in at`),
    stderr,
  );
  assert.ok(stderr.includes(`novacore login --url ${urlOf(other)}`), stderr);
  const login = await person.run(["login"], { env });
  assert.equal(login.code, 2);
  assert.match(login.stderr, /--url http:/);
  assert.deepEqual(asked, []);
});

test("login --url takes a profile to another hub", async (t) => {
  const person = await loggedIn(t);
  const me = await person.json<{ id: string }>(["whoami"]);
  const other = await startHub();
  t.after(() => other.close());
  await person.json(["login", "--url", other.url]);
  const there = await person.json<{ id: string; url: string }>(["whoami"]);
  assert.notEqual(there.id, me.id);
  assert.equal(there.url, other.url);
});

test("what is no challenge of a login is not signed", async (t) => {
  const person = await createCommandUser(t);
  const asked: (string | undefined)[] = [];
  const server = createServer(({ url }, response) => {
    asked.push(url);
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ challenge: "I owe you 1 000 kWh." }));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => server.close());
  const { code, stderr } = await person.run(["login", "--url", urlOf(server)]);
  assert.equal(code, 1);
  assert.match(stderr, /no challenge of a login/);
  assert.deepEqual(asked, ["/auth/challenge"]);
});

test("who is not logged in is told how to, by words and by the exit code", async (t) => {
  const person = await createCommandUser(t);
  const { code, stdout, stderr } = await person.run(["whoami", "--profile", "work"]);
  assert.deepEqual([code, stdout], [3, ""]);
  assert.match(stderr, /novacore login --url \S+ --profile work/);
  const asJson = await person.run(["whoami", "--json"]);
  assert.equal(JSON.parse(asJson.stderr).error, "not_logged_in");
});

test("a hub that is closed to strangers says whom to give which key", async (t) => {
  const closed = await startHub({ NOVACORE_REGISTRATION: "invite-only" });
  t.after(() => closed.close());
  const person = await createCommandUser(t);
  const { code, stderr } = await person.run(["login", "--url", closed.url]);
  assert.equal(code, 4);
  assert.match(stderr, /Ask an administrator to register your public key: [0-9a-f]{64}/);
});

test("an address that is none, and a hub that does not answer, are told apart", async (t) => {
  const person = await createCommandUser(t);
  const wrong = await person.run(["login", "--url", "hub.example"]);
  assert.deepEqual([wrong.code, wrong.stdout], [2, ""]);
  assert.match(wrong.stderr, /--url is "hub\.example"; give an address, as https:/);
  const secret = await person.run(["login", "--url", "https://ada:hunter2@hub.example"]);
  assert.equal(secret.code, 2);
  assert.doesNotMatch(secret.stderr, /hunter2/);
  const nobody = await person.run(["login", "--url", "http://127.0.0.1:1"]);
  assert.equal(nobody.code, 6);
  const besides = await person.run(["login", "--url", `${hub.url}/docs`]);
  assert.equal(besides.code, 6);
  assert.match(besides.stderr, /No hub answers at http:.*\/docs; check the address/);
});

function urlOf(server: Server): string {
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  return `http://127.0.0.1:${address.port}`;
}

async function loggedIn(t: TestContext): Promise<Person> {
  const person = await createCommandUser(t);
  await person.json(["login", "--url", hub.url]);
  return person;
}

function newKey() {
  const person = createPerson();
  const pem = person.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  return { pem, publicKey: Buffer.from(person.publicKey, "base64url").toString("hex") };
}

async function register(public_key: object): Promise<void> {
  const response = await fetch(`${hub.url}/identity/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ public_key, type: "developer" }),
  });
  assert.equal(response.status, 201);
}

async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o777).toString(8);
}

async function modesIn(folder: string): Promise<Record<string, string>> {
  const names = await readdir(folder);
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await modeOf(join(folder, name))] as const)),
  );
}
