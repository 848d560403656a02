import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";
import { runProgram, startProgram } from "../support/program.ts";
import { cliProgram, createCommandUser } from "./command.ts";
import { ctrlC, hasTerminals, visible } from "./terminal.ts";

const project = fileURLToPath(new URL("../..", import.meta.url));

let hub: TestHub;
let home: Home;

before(async () => {
  hub = await startHub();
  home = await createHome(hub);
});
after(() => hub?.close());

const asOwner = () => ({ NOVACORE_URL: hub.url, NOVACORE_TOKEN: home.token });

test("npx novacore runs in the clone", { timeout: 60_000 }, async () => {
  const said = await runProgram("npx", ["--no-install", "novacore", "--version"], { cwd: project });
  assert.match(said, /^novacore \d+\.\d+\.\d+\n$/);
});

test("a list is a table for people, and a line of JSON for each item for programs", async (t) => {
  const person = await createCommandUser(t);
  const env = asOwner();
  const table = await person.run(["org", "list"], { env });
  const [titles = "", row = ""] = table.stdout.trimEnd().split("\n");
  assert.match(titles, /^ID +NAME +OWNER +CREATED$/);
  assert.ok(row.startsWith(home.orgId), row);
  assert.ok(!table.stdout.includes("\u001b"), "colours in a pipe");
  await person.json(["org", "create", "Second"], { env });
  const lines = await person.run(["org", "list", "--json"], { env });
  const ids = lines.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line).id);
  assert.equal(ids.length, 2);
  assert.ok(ids.includes(home.orgId));
});

test("each kind of failure has its exit code, and its sentence on stderr alone", async (t) => {
  const person = await createCommandUser(t);
  const stranger = await createCommandUser(t);
  await stranger.json(["login", "--url", hub.url]);
  const env = asOwner();
  for (const [code, args, message, options] of [
    [2, ["org", "lst"], /Did you mean list\?/, { env }],
    [2, ["org", "list", "--jsn"], /has no option --jsn\. Did you mean --json\?/, { env }],
    [2, ["org", "show"], /ORG is missing/, { env }],
    [2, ["org"], /a command is missing[\s\S]+novacore org create/, { env }],
    [5, ["org", "show", "org-none"], /There is no such thing/, { env }],
    [2, ["org", "create", "x".repeat(201)], /name/, { env }],
    [2, ["history", "--site", home.siteId, "--resolution", "7s"], /resolution/, { env }],
    [
      6,
      ["org", "list"],
      /127\.0\.0\.1:1|fetch/,
      { env: { ...env, NOVACORE_URL: "http://127.0.0.1:1" } },
    ],
  ] as const) {
    const answer = await person.run(args, options);
    assert.deepEqual(
      [answer.code, answer.stdout],
      [code, ""],
      `${args.join(" ")}: ${answer.stderr}`,
    );
    assert.match(answer.stderr, message);
  }
  const hidden = await stranger.run(["org", "show", home.orgId]);
  assert.equal(hidden.code, 5);
});

test("with --json a failure is one JSON object on stderr", async (t) => {
  const person = await createCommandUser(t);
  for (const [args, error] of [
    [["org", "show", "org-none", "--json"], "not_found"],
    [["org", "lst", "--json"], "usage"],
  ] as const) {
    const { stderr } = await person.run(args, { env: asOwner() });
    assert.equal(JSON.parse(stderr).error, error);
  }
});

test("what cannot be undone needs --yes where nobody can be asked", async (t) => {
  const person = await createCommandUser(t);
  const env = asOwner();
  const { id } = await person.json<{ id: string }>(["org", "create", "Soon gone"], { env });
  const asked = await person.run(["org", "delete", id], { env });
  assert.equal(asked.code, 2);
  assert.match(asked.stderr, /Delete org-\S+ \(Soon gone\) .*--yes/);
  const deleted = await person.run(["org", "delete", id, "--yes"], { env });
  assert.deepEqual([deleted.code, deleted.stdout], [0, `Deleted ${id}.\n`]);
  assert.equal((await person.run(["org", "show", id], { env })).code, 5);
});

test("a reader that has enough, as head has, ends the command without a failure", async (t) => {
  const person = await createCommandUser(t);
  const line = `"$NODE" "$CLI" help; echo "ended with $?" >&2`;
  const program = startProgram("bash", ["-c", `{ ${line}; } | head -n 1`], {
    env: {
      XDG_CONFIG_HOME: person.configHome,
      NODE: process.execPath,
      CLI: cliProgram,
    },
  });
  await program.ended;
  assert.equal(program.stdout(), "novacore COMMAND …\n");
  assert.equal(program.stderr(), "ended with 0\n");
});

const skip = !hasTerminals() && "there is no script command, which makes a terminal";

test("at a terminal what cannot be undone is asked about, and only yes does it", {
  skip,
}, async (t) => {
  const person = await createCommandUser(t);
  const env = asOwner();
  const { id } = await person.json<{ id: string }>(["org", "create", "Kept"], { env });
  const isAsked = /Delete org-\S+ \(Kept\) with all its readings\? \[y\/N\] /;
  for (const [answer, code] of [
    ["\n", 1],
    ["n\n", 1],
    [ctrlC, 130],
    ["yes\n", 0],
  ] as const) {
    const terminal = person.startAtTerminal(["org", "delete", id], { env });
    await terminal.until("it asks", () => isAsked.test(terminal.stdout()));
    terminal.type(answer);
    assert.equal((await terminal.ended).code, code, terminal.stdout());
    const isThere = (await person.run(["org", "show", id], { env })).code === 0;
    assert.equal(isThere, code !== 0, JSON.stringify(answer));
  }
});

test("at a terminal titles are bold, and not with NO_COLOR", { skip }, async (t) => {
  const person = await createCommandUser(t);
  for (const [NO_COLOR, line] of [
    ["", /^\^\[1mID +NAME/m],
    ["1", /^ID +NAME/m],
  ] as const) {
    const env = { ...asOwner(), NO_COLOR };
    const terminal = person.startAtTerminal(["org", "list"], { env });
    await terminal.ended;
    assert.match(visible(terminal.stdout()), line);
  }
});

test("what takes longer than a second is told at a terminal, and nowhere else", {
  skip,
}, async (t) => {
  // It takes connections, and says nothing.
  const silent = createServer().listen(0, "127.0.0.1");
  t.after(() => silent.close());
  await once(silent, "listening");
  const address = silent.address();
  assert.ok(address !== null && typeof address === "object");
  const env = { ...asOwner(), NOVACORE_URL: `http://127.0.0.1:${address.port}` };
  const person = await createCommandUser(t);
  const piped = person.start(["org", "list"], { env });
  await once(silent, "connection");
  const terminal = person.startAtTerminal(["org", "list"], { env });
  await terminal.until("it says what it waits for", () =>
    /Asking http:\/\/127\.0\.0\.1:\d+ … \d s/.test(terminal.stdout()),
  );
  terminal.type(ctrlC);
  assert.equal((await terminal.ended).code, 130);
  piped.signal("SIGINT");
  assert.equal((await piped.ended).code, 130);
  assert.equal(piped.stderr(), "");
});
