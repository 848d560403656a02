import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import type { EnrichedReading } from "@novacore/protocol";
import { chromiumPath, startBrowser } from "../browser/browser.ts";
import {
  asLine,
  commandsOf,
  type ExampleHub,
  project,
  startExampleHub,
} from "../support/example-hub.ts";
import type { Listener } from "../support/listener.ts";
import { startProgram } from "../support/program.ts";
import { pythonWith } from "../support/python.ts";
import { findTool } from "../support/tools.ts";

let hub: ExampleHub;
before(async () => {
  hub = await startExampleHub();
});
after(() => hub?.close());

test("the curl example prints the event stream: a cursor and a reading an event", async (t) => {
  if (isMissing(t, "bash", "curl", "awk", "sed")) return;
  const printed = await hub.run(await commandOf("curl"));
  const events = printed.trimEnd().split("\n\n").slice(-4);
  for (const event of events) assert.match(event, /^id: [\w-]{19}\ndata: \{.*\}$/);
  const readings: EnrichedReading[] = events.map((event) =>
    JSON.parse(event.slice(event.indexOf("{"))),
  );
  for (const { site_id: siteId } of readings) assert.equal(siteId, hub.demo().site_id);
});

test("the curl example says why there is no stream", async (t) => {
  if (isMissing(t, "bash", "curl", "awk", "sed")) return;
  const otherDir = join(hub.dataDir, "other");
  const refused = async () => {
    const env = { NOVACORE_DATA_DIR: otherDir };
    const program = startProgram("bash", ["-c", await commandOf("curl")], { cwd: project, env });
    assert.notEqual((await program.ended).code, 0);
    assert.equal(program.stdout(), "");
    return program.stderr();
  };
  assert.match(await refused(), /^There is no .+demo\.json; run npm start first\.\n$/);
  await mkdir(otherDir);
  const details = { ...hub.demo(), token: "nobodys" };
  await writeFile(join(otherDir, "demo.json"), JSON.stringify(details, undefined, 2));
  assert.match(await refused(), /^curl: .* 401\n$/);
});

test("the Node example prints one line a reading", async () => {
  assertLines(await hub.run(await commandOf("node")), 4, nodeLine);
});

test("the WebSocket example prints one line a reading", async () => {
  assertLines(await hub.run(await commandOf("websocket")), 4, nodeLine);
});

for (const folder of ["node", "websocket"]) {
  test(`the ${folder} example misses no reading while the hub is restarted`, async () => {
    await assertResumes(join(project, "examples", folder, "stream.mjs"));
  });
}

test("the WebSocket example's page shows readings from the disk", {
  skip: chromiumPath === undefined ? "Chromium is not installed" : false,
}, async () => {
  assert.ok(chromiumPath);
  const browser = await startBrowser(chromiumPath);
  try {
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on("pageerror", (error) => problems.push(error.message));
    await page.goto(pathToFileURL(join(project, "examples", "websocket", "page.html")).href);
    await page.setInputFiles("#demo", join(hub.dataDir, "demo.json"));
    await page.getByText("Connected.").waitFor();
    await page.getByRole("row", { name: /\(meter\) -?[\d.]+ W/ }).waitFor();
    assert.deepEqual(problems, []);
  } finally {
    await browser.close();
  }
});

test("the Python example prints one line a reading", async (t) => {
  const python = await pythonWith(["requests", "sseclient"]);
  if (python === undefined) return t.skip("Python with requests and sseclient-py is not installed");
  const command = (await commandOf("python")).replace(/^python /, `'${python}' `);
  assertLines(
    await hub.run(command),
    4,
    /^\[(pv|meter|ev_charger)\] -?[\d.]+ W$|^\[battery\] -?[\d.]+ W \(\d+% full\)$/,
  );
});

test("the mosquitto example's readings are acknowledged and reach the site's stream", async (t) => {
  if (isMissing(t, "bash", "curl", "sed", "mosquitto_pub")) return;
  const listener = await hub.listen();
  const printed = await hub.run(await commandOf("mosquitto"));
  assertLines(printed, 3, /^acknowledged: \{.*\}$/);
  const sent = printed.trimEnd().split("\n");
  const timestamps = sent.map((line) => JSON.parse(line.slice(line.indexOf("{"))).timestamp);
  const arrived = await listener.until("three readings", () => balconyTimestamps(listener, 3));
  await listener.close();
  assert.deepEqual(arrived, timestamps);
});

test("the NATS example's batches are answered once stored, and reach the site's stream", async () => {
  const listener = await hub.listen();
  const printed = await hub.run(await commandOf("nats"));
  const lines = printed.trimEnd().split("\n");
  assert.equal(lines.length, 3);
  for (const line of lines) {
    const { accepted, durability, results } = JSON.parse(line);
    assert.deepEqual([accepted, durability, results[0].status], [1, "fsync", "stored"]);
  }
  await listener.until("three readings", () => balconyTimestamps(listener, 3));
  await listener.close();
});

test("the gateway example's readings are spooled, stored, and reach the site's stream", async () => {
  const listener = await hub.listen();
  const printed = await hub.run(await commandOf("gateway"));
  assertLines(printed, 3, /^stored: \{.*\}$/);
  const sent = printed.trimEnd().split("\n");
  const timestamps = sent.map((line) => JSON.parse(line.slice(line.indexOf("{"))).timestamp);
  const ofShed = () => listener.readings().filter((reading) => reading.der_name === "shed");
  await listener.until("three readings", () => ofShed().length >= 3);
  await listener.close();
  assert.deepEqual(
    ofShed().map(({ timestamp }) => timestamp),
    timestamps,
  );
});

/** Runs an example over a restart of the hub, and compares what it printed with the stream. */
async function assertResumes(path: string): Promise<void> {
  const example = startProgram(process.execPath, [path], { env: hub.env });
  try {
    const lines = () => example.stdout().split("\n").slice(0, -1);
    await example.until("readings", () => lines().length >= 8);
    await hub.stop();
    const before = lines().length;
    await hub.start();
    await example.until("readings after the restart", () => lines().length >= before + 8);
    const printed = lines();
    const since = printed[0]?.split(" ")[0] ?? "";
    const listener = await hub.listen(`?since=${since}`);
    const stored = await listener.until("as many readings from the stream", () => {
      const readings = listener.readings();
      return readings.length >= printed.length + 8 && readings.map(asLine);
    });
    await listener.close();
    const start = stored.indexOf(printed[0] ?? "");
    assert.deepEqual(printed, stored.slice(start, start + printed.length));
  } finally {
    example.signal("SIGTERM");
    await example.ended;
  }
}

/** The last command of an example's README; it ends by itself. */
async function commandOf(example: string): Promise<string> {
  const command = (await commandsOf(example)).at(-1) ?? "";
  assert.match(command, / --count \d$/, `${example}/README.md has a command that ends`);
  return command;
}

function balconyTimestamps(listener: Listener, count: number): number[] | undefined {
  const readings = listener.readings().filter((reading) => reading.der_name === "balcony");
  return readings.length < count ? undefined : readings.map(({ timestamp }) => timestamp);
}

const nodeLine = /^\d{4}-\d\d-\d\dT[\d:.]+Z (pv|battery|meter|ev_charger) +-?[\d.]+ W$/;

function assertLines(printed: string, count: number, form: RegExp): void {
  const lines = printed.trimEnd().split("\n");
  assert.equal(lines.length, count);
  for (const line of lines) assert.match(line, form);
}

/** Skips a test whose example needs a program that is not here. */
function isMissing(t: { skip(message: string): void }, ...tools: readonly string[]): boolean {
  const missing = tools.filter((name) => findTool(name) === undefined);
  if (missing.length > 0) t.skip(`${missing.join(" and ")} is not installed`);
  return missing.length > 0;
}
