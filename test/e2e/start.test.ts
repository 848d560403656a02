import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { EnrichedReading } from "@novacore/protocol";
import { createHome, type DemoDetails } from "@novacore/simulator";
import { createParser } from "eventsource-parser";
import {
  chooseHubPorts,
  type HubPorts,
  portSettings,
  readDemoDetails,
  startDemoHub,
  startMain,
} from "../support/demo-hub.ts";
import { listen } from "../support/listener.ts";
import { commandLines } from "../support/processes.ts";
import { type Program, startProgram } from "../support/program.ts";
import { findTool } from "../support/tools.ts";

/** Where `npm start` was called: the README's commands run here. */
let folder: string;
let dataDir: string;
let ports: HubPorts;
let hub: Program;
let first: DemoDetails;
/** What a listener saw before the hub was stopped: a position, and the reading right after it. */
let seen: { readonly cursor: string; readonly next: EnrichedReading };

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "novacore-test-"));
  dataDir = join(folder, ".novacore");
  ports = await chooseHubPorts();
  // Everything that can be logged, so that a secret in it would be found.
  hub = await startDemoHub({ dataDir, ports, env: { NOVACORE_LOG_LEVEL: "trace" } });
  first = readDemoDetails(dataDir);
});
after(async () => {
  hub?.signal("SIGINT");
  await hub?.ended;
  await rm(folder, { recursive: true, force: true });
});

test("the start prints where everything is, as demo.json has it", () => {
  const banner = hub.stderr();
  for (const url of [first.base_url, first.nats_url, first.ws_url, first.mqtt_url]) {
    assert.ok(banner.includes(` ${url}\n`), `${url} is printed`);
  }
  assert.ok(banner.includes(join(dataDir, "demo.json")));
  assert.equal(first.base_url, `http://127.0.0.1:${ports.NOVACORE_HTTP_PORT}`);
});

test("demo.json has its nine members, and what is kept is the owner's alone", () => {
  assert.deepEqual(Object.keys(first).sort(), [
    ...["base_url", "gateway_serial", "identity_id", "mqtt_url", "nats_url"],
    ...["org_id", "site_id", "token", "ws_url"],
  ]);
  for (const value of Object.values(first)) assert.ok(value.length > 0);
  if (process.platform === "win32") return;
  assert.equal(modeOf(dataDir), 0o700);
  for (const path of filesIn(dataDir)) {
    // The engine's own files lie in a folder that nobody else enters.
    const isStream = path.includes("/nats/streams/");
    if (!isStream) assert.equal(modeOf(path), 0o600, path);
  }
  assert.equal(modeOf(join(dataDir, "nats", "streams")), 0o700);
});

test("the printed curl command streams the home's four devices, whose powers balance", async (t) => {
  const [bash, curl] = [findTool("bash"), findTool("curl")];
  if (bash === undefined || curl === undefined) return t.skip("bash or curl is not installed");
  const command = hub.stderr().match(/See its readings arrive:\n([\s\S]*?)\nOr log in/)?.[1];
  assert.ok(command, "a command is printed");
  const stream = startProgram(bash, ["-c", command]);
  try {
    const readings = await stream.until("a reading of each device", () => sameSecond(stream));
    assertBalanced(readings);
    assertNoSecretIn(commandLines().join("\n"), "the process list");
    const [pv, battery] = eventsIn(stream.stdout());
    assert.ok(pv?.id && battery);
    seen = { cursor: pv.id, next: battery.reading };
  } finally {
    stream.signal("SIGTERM");
    await stream.ended;
  }
});

const readme = await readFile(new URL("../../README.md", import.meta.url), "utf8");

test("the README's first stream works as it is printed there", async (t) => {
  const [bash, curl] = [findTool("bash"), findTool("curl")];
  if (bash === undefined || curl === undefined) return t.skip("bash or curl is not installed");
  const command = readme.match(/## First stream[\s\S]*?```sh\n([\s\S]*?)```/)?.[1];
  assert.ok(command, "the README has a command");
  const stream = startProgram(bash, ["-c", command], { cwd: folder });
  try {
    await stream.until("a reading of each device", () => sameSecond(stream));
  } finally {
    stream.signal("SIGTERM");
    await stream.ended;
  }
});

test("the README's questions about the past are answered as they are printed there", async (t) => {
  const [bash, curl] = [findTool("bash"), findTool("curl")];
  if (bash === undefined || curl === undefined) return t.skip("bash or curl is not installed");
  const value = readme.match(/^value\(\) .*$/m)?.[0];
  const commands = readme.match(/### The past[\s\S]*?```sh\n([\s\S]*?)```/)?.[1];
  assert.ok(value && commands, "the README has them");
  const lines = `${value}\n${commands}`.replaceAll(/^(ask "[^#\n]*)(#.*)?$/gm, "$1; echo ---");
  const asked = startProgram(bash, ["-c", lines], { cwd: folder });
  assert.deepEqual(await asked.ended, { code: 0, signal: null });
  const answers = asked.stdout().split("---\n").slice(0, -1);
  const members = answers.map((line) => Object.keys(JSON.parse(line)).sort()[0]);
  assert.deepEqual(members, ["cursor", "agg", "cursor"], asked.stdout());
});

test("Ctrl-C ends everything that was started, and frees the ports", async () => {
  const ours = () => commandLines().filter((line) => line.includes(dataDir));
  assert.ok(ours().some((line) => line.includes("nats-server")));
  assert.ok(ours().some((line) => line.includes("demo-main")));
  hub.signal("SIGINT");
  assert.deepEqual(await hub.ended, { code: 0, signal: null });
  assert.deepEqual(ours(), []);
  for (const port of Object.values(ports)) await occupy(Number(port)).then((release) => release());
  assert.deepEqual(readdirSync(folder), [".novacore"]);
});

test("nothing that was printed or logged holds a secret", () => {
  const written = hub.stdout() + hub.stderr();
  assert.match(written, /"event":"ready"/);
  assertNoSecretIn(written, "the log");
  assert.doesNotMatch(written, /eyJ[\w-]{10,}\./, "a JWT is in the log");
});

test("a second start goes on with the same home, and an older cursor still resumes", async () => {
  hub = await startDemoHub({ dataDir, ports });
  const second = readDemoDetails(dataDir);
  for (const name of ["org_id", "site_id", "identity_id", "gateway_serial"] as const) {
    assert.equal(second[name], first[name], name);
  }
  const url = `${second.base_url}/stream/sites/${second.site_id}`;
  const listener = await listen(url, { token: second.token, lastEventId: seen.cursor });
  const now = Date.now();
  const isLive = () => listener.readings().find(({ timestamp }) => timestamp > now);
  await listener.until("a reading of after the start", isLive);
  await listener.close();
  const readings = listener.readings();
  assert.deepEqual(readings[0], seen.next);
  const ids = readings.map(({ der_id, timestamp }) => `${der_id}:${timestamp}`);
  assert.equal(new Set(ids).size, ids.length, "no reading came twice");
});

test("a second hub on the same data folder is refused, and the first goes on", async () => {
  const other = await chooseHubPorts();
  const refused = startMain({ dataDir, ports: other });
  assert.equal((await refused.ended).code, 1);
  assert.match(
    sentencesOf(refused),
    /^Another hub \(process \d+\) runs on this data folder; .+\.$/,
  );
  const { base_url: url, site_id: siteId, token } = readDemoDetails(dataDir);
  const listener = await listen(`${url}/stream/sites/${siteId}`, { token });
  await listener.until("a reading", () => listener.readings()[0]);
  await listener.close();
});

for (const setting of portSettings) {
  test(`a taken port (${setting}) is told in one sentence, and nothing is left`, async (t) => {
    const ownDir = await mkdtemp(join(tmpdir(), "novacore-test-"));
    t.after(() => rm(ownDir, { recursive: true, force: true }));
    const free = await chooseHubPorts();
    const release = await occupy(Number(free[setting]));
    t.after(release);
    const program = startMain({ dataDir: ownDir, ports: free });
    assert.equal((await program.ended).code, 1);
    assert.match(
      sentencesOf(program),
      new RegExp(`^Port ${free[setting]} \\(.+\\) is taken by another program; .*${setting}.*\\.$`),
    );
    assert.deepEqual(
      commandLines().filter((line) => line.includes(ownDir)),
      [],
    );
  });
}

test("a nats-server that is too old, or not there, is told in one sentence", async (t) => {
  const ownDir = await mkdtemp(join(tmpdir(), "novacore-test-"));
  t.after(() => rm(ownDir, { recursive: true, force: true }));
  const old = join(ownDir, "nats-server");
  await writeFile(old, "#!/bin/sh\necho 'nats-server: v2.10.0'\n");
  await chmod(old, 0o755);
  const cases = [
    [old, / is version 2\.10\.0, but the hub needs 2\.15\.1 or newer; [^.]+\.$/],
    [join(ownDir, "absent"), /^NOVACORE_NATS_SERVER is ".+absent", which is no nats-server .+\.$/],
  ] as const;
  const free = await chooseHubPorts();
  for (const [path, sentence] of cases) {
    const env = { NOVACORE_NATS_SERVER: path };
    const program = startMain({ dataDir: join(ownDir, "data"), ports: free, env });
    assert.equal((await program.ended).code, 1);
    assert.match(sentencesOf(program), sentence);
  }
});

/** What was said to people beside the progress of the start. */
function sentencesOf(program: Program): string {
  const lines = program.stderr().trimEnd().split("\n");
  return lines.filter((line) => !line.endsWith("…")).join("\n");
}

interface SeenEvent {
  readonly id: string | undefined;
  readonly reading: EnrichedReading;
}

function eventsIn(text: string): SeenEvent[] {
  const events: SeenEvent[] = [];
  const parser = createParser({
    onEvent: ({ id, data }) => events.push({ id, reading: JSON.parse(data) }),
  });
  parser.feed(text);
  return events;
}

/** The four readings of one second, once they are there. */
function sameSecond(stream: Program): Map<string, EnrichedReading> | undefined {
  const readings = eventsIn(stream.stdout()).map(({ reading }) => reading);
  for (const { timestamp } of readings) {
    const together = readings.filter((other) => other.timestamp === timestamp);
    const byType = new Map<string, EnrichedReading>(together.map((each) => [each.type, each]));
    if (["pv", "battery", "meter", "ev_charger"].every((type) => byType.has(type))) return byType;
  }
  return undefined;
}

/** The grid gives what panels, battery, car and house leave; the house itself has no meter. */
function assertBalanced(readings: Map<string, EnrichedReading>): void {
  const powerW = (type: string): number => {
    const reading = readings.get(type);
    return reading !== undefined && "W" in reading ? (reading.W ?? Number.NaN) : Number.NaN;
  };
  const utcOffsetHours = Number(readFileSync(join(dataDir, "demo", "utc-offset-hours"), "utf8"));
  const { timestamp = 0 } = readings.get("pv") ?? {};
  const { loadW } = createHome({ utcOffsetHours }).at(timestamp);
  const restW = loadW + powerW("pv") + powerW("battery") + powerW("ev_charger") - powerW("meter");
  assert.ok(loadW > 0 && Math.abs(restW) < 1, `${restW} W are unaccounted for`);
}

function assertNoSecretIn(text: string, what: string): void {
  for (const [name, secret] of secretsOf(dataDir)) {
    assert.ok(!text.includes(secret), `${name} is in ${what}`);
  }
}

/** Everything in the data folder by which somebody could pass for somebody else. */
function secretsOf(dir: string): [string, string][] {
  const secrets: [string, string][] = [["demo.json's token", first.token]];
  const seeds: Record<string, string> = JSON.parse(
    readFileSync(join(dir, "nats", "keys.json"), "utf8"),
  );
  for (const [name, seed] of Object.entries(seeds)) secrets.push([`the seed of ${name}`, seed]);
  for (const path of filesIn(join(dir, "demo")).filter((name) => name.endsWith(".pem"))) {
    const [, line = ""] = readFileSync(path, "utf8").split("\n");
    secrets.push([path, line]);
  }
  for (const path of filesIn(join(dir, "keys"))) {
    const { jwk }: { jwk: { d: string } } = JSON.parse(readFileSync(path, "utf8"));
    secrets.push([path, jwk.d]);
  }
  assert.ok(secrets.length >= 9, "the keys were found");
  for (const [name, secret] of secrets) assert.ok(secret.length >= 32, name);
  return secrets;
}

function filesIn(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function modeOf(path: string): number {
  return statSync(path).mode & 0o777;
}

/** Listens on a port; resolves with what gives it back. */
async function occupy(port: number): Promise<() => Promise<void>> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return () => new Promise((resolve) => server.close(() => resolve()));
}
