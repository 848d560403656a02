import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startCuttableProxy } from "../browser/cuttable-proxy.ts";
import { createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";
import { startProgram } from "../support/program.ts";
import { cliProgram, createCommandUser } from "./command.ts";
import { ctrlC, hasTerminals, visible } from "./terminal.ts";

let hub: TestHub;
let home: Home;

before(async () => {
  hub = await startHub();
  home = await createHome(hub);
});
after(() => hub?.close());

const asOwner = () => ({ NOVACORE_URL: hub.url, NOVACORE_TOKEN: home.token });

async function publish(powerW: number): Promise<void> {
  await home.publish("solar", { type: "pv", timestamp: Date.now(), W: powerW });
}

for (const transport of ["websocket", "sse"]) {
  test(`in a pipe each reading is a line of JSON, as many as were asked for (${transport})`, async (t) => {
    const person = await createCommandUser(t);
    const since = new Date().toISOString();
    await publish(-100);
    await home.publish("meter", { type: "meter", timestamp: Date.now(), W: 5 });
    await publish(-200);
    const args = ["--site", home.siteId, "--since", since, "--types", "pv", "--limit", "2"];
    const answer = await person.run(["tail", "--transport", transport, ...args], {
      env: asOwner(),
    });
    assert.deepEqual([answer.code, answer.stderr], [0, ""]);
    const powers = answer.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line).W);
    assert.deepEqual(powers, [-100, -200]);
  });
}

test("Ctrl-C ends it with 130 and tells the position, from which it goes on", async (t) => {
  const person = await createCommandUser(t);
  const since = new Date().toISOString();
  await publish(-301);
  const first = person.start(["tail", "--since", since], { env: asOwner() });
  await first.until("the reading is written", () => first.stdout().includes("-301"));
  // From a terminal and from npx: the same one.
  first.signal("SIGINT");
  first.signal("SIGINT");
  const { code } = await first.ended;
  assert.equal(code, 130);
  const [, cursor = ""] = /novacore tail --cursor (\S+)$/m.exec(first.stderr()) ?? [];
  assert.notEqual(cursor, "", first.stderr());
  await publish(-302);
  const second = await person.run(["tail", "--cursor", cursor, "--limit", "1"], { env: asOwner() });
  assert.equal(JSON.parse(second.stdout).W, -302);
});

test("a lost connection is told on stderr, and nothing is missed", async (t) => {
  const proxy = await startCuttableProxy(hub.url);
  t.after(() => proxy.close());
  const person = await createCommandUser(t);
  const since = new Date().toISOString();
  await publish(-401);
  const env = { ...asOwner(), NOVACORE_URL: proxy.url };
  const tail = person.start(["tail", "--since", since, "--limit", "2"], { env });
  await tail.until("the first reading", () => tail.stdout().includes("-401"));
  proxy.cut();
  await tail.until("it says so", () => /^Connection lost: .+ Trying again in/m.test(tail.stderr()));
  await publish(-402);
  proxy.restore();
  const { code } = await tail.ended;
  assert.equal(code, 0, tail.stderr());
  assert.match(tail.stdout(), /-402/);
  assert.match(tail.stderr(), /^Connected again/m);
});

test("head ends it", async (t) => {
  const person = await createCommandUser(t);
  const since = new Date().toISOString();
  for (const powerW of [-501, -502, -503]) await publish(powerW);
  // The shell tells what the command ended with, which head's own end would hide.
  const line = `{ "$NODE" "$CLI" tail --since ${since}; echo "ended with $?" >&2; } | head -n 1`;
  const env = {
    ...asOwner(),
    XDG_CONFIG_HOME: person.configHome,
    NODE: process.execPath,
    CLI: cliProgram,
  };
  const program = startProgram("bash", ["-c", line], { env });
  await program.until("a line is read", () => program.stdout().includes("-501"));
  // It is told that nobody reads when it writes once more.
  await publish(-504);
  await program.ended;
  assert.equal(program.stdout().trimEnd().split("\n").length, 1);
  assert.equal(program.stderr(), "ended with 0\n");
});

test("what cannot be watched ends it at once, with the exit code that says why", async (t) => {
  const person = await createCommandUser(t);
  for (const [code, ...args] of [
    [5, "--site", "sit-none"],
    [2, "--types", "pvx"],
    [2, "--since", "yesterday"],
    [2, "--limit", "0"],
    [2, "--cursor", "nonsense"],
  ] as const) {
    const answer = await person.run(["tail", ...args], { env: asOwner() });
    assert.equal(answer.code, code, `${args.join(" ")}: ${answer.stderr}`);
  }
});

const noTerminal = !hasTerminals() && "there is no script command, which makes a terminal";

test("at a terminal it is one table that is drawn over", { skip: noTerminal }, async (t) => {
  const person = await createCommandUser(t);
  await publish(-601);
  const terminal = person.startAtTerminal(["tail"], { env: asOwner() });
  await terminal.until("the last reading", () =>
    /roof +pv +-601 W +producing/.test(terminal.stdout()),
  );
  await publish(-602);
  await terminal.until("the new one", () => terminal.stdout().includes("-602 W"));
  // Drawn from the top again: one line of titles, one of the DER for each that has reported.
  assert.match(visible(terminal.stdout()), /\^\[\d+A\r\^\[1mNAME +TYPE +POWER/);
  terminal.type(ctrlC);
  await terminal.ended;
  assert.match(terminal.stdout(), /To go on from here: novacore tail --cursor \S+/);
});
