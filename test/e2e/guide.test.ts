import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { createConditions } from "../support/conditions.ts";
import { createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";
import { pythonWith } from "../support/python.ts";

/** The public guide lies beside the project; its samples must run as they are printed there. */
const guide = new URL("../../../shared/guide/", import.meta.url);
const skip = existsSync(guide) ? false : "the guide's samples are not beside this checkout";

let hub: TestHub;
let home: Home;

before(async () => {
  if (skip) return;
  hub = await startHub();
  home = await createHome(hub);
});
after(async () => {
  await hub?.close();
});

test("the guide's JavaScript sample prints readings, with npm's eventsource", {
  skip,
}, async () => {
  const sample = withBaseUrl(await readFile(new URL("sample-browser.js", guide), "utf8"));
  const eventSourcePath = createRequire(import.meta.url).resolve("eventsource");
  const prelude = `const EventSource = require(${JSON.stringify(eventSourcePath)});
const siteId = process.env.SITE_ID; const token = process.env.TOKEN;\n`;
  const output = run(process.execPath, ["--input-type=commonjs", "-"], prelude + sample);
  try {
    await expectReadings(output, ["Solar: -3000W", "Battery: 1500W (SoC: 50%)", "Grid: -1500W"]);
  } finally {
    await output.stop();
  }
});

test("the guide's Python sample prints readings", { skip }, async (t) => {
  const python = await pythonWith(["requests", "sseclient"]);
  if (python === undefined) return t.skip("Python with requests and sseclient-py is not installed");
  const sample = withBaseUrl(await readFile(new URL("sample.py", guide), "utf8"));
  const prelude = 'import os\nsite_id = os.environ["SITE_ID"]\ntoken = os.environ["TOKEN"]\n';
  const output = run(python, ["-u", "-"], prelude + sample);
  try {
    await expectReadings(output, [
      "[pv] Power: -3000W",
      "[battery] Power: 1500W",
      "[meter] Power: -1500W",
    ]);
  } finally {
    await output.stop();
  }
});

function withBaseUrl(sample: string): string {
  const replaced = sample.replace(/(BASE_URL = )"[^"]*"/, `$1${JSON.stringify(hub.url)}`);
  assert.notEqual(replaced, sample, "the sample has a BASE_URL");
  return replaced;
}

/** Publishes until every line has been printed: the sample says nothing when it is connected. */
async function expectReadings(output: Output, lines: readonly string[]): Promise<void> {
  for (;;) {
    await home.publish("solar", { type: "pv", timestamp: Date.now(), W: -3000 });
    await home.publish("battery", {
      type: "battery",
      timestamp: Date.now(),
      W: 1500,
      SoC_nom_fract: 0.5,
    });
    await home.publish("meter", { type: "meter", timestamp: Date.now(), W: -1500 });
    if (await output.nextLine(() => lines.every((line) => output.lines.includes(line)))) return;
  }
}

interface Output {
  readonly lines: string[];
  /** Waits for a change or a tick; answers whether `done` holds. Fails when the program ended. */
  nextLine(done: () => boolean): Promise<boolean>;
  stop(): Promise<void>;
}

function run(command: string, args: string[], program: string): Output {
  const env = { ...process.env, SITE_ID: home.siteId, TOKEN: home.token };
  const child = spawn(command, args, { env, stdio: ["pipe", "pipe", "pipe"] });
  const lines: string[] = [];
  const conditions = createConditions();
  let errors = "";
  let rest = "";
  child.stdout.on("data", (chunk: Buffer) => {
    const parts = (rest + chunk.toString()).split("\n");
    rest = parts.pop() ?? "";
    lines.push(...parts.map((line) => line.trimEnd()));
    conditions.changed();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const exited = new Promise<void>((resolve) => {
    child.once("exit", (code) => {
      conditions.fail(new Error(`the sample ended with ${code}: ${errors}`));
      resolve();
    });
  });
  child.stdin.end(program);
  return {
    lines,
    nextLine(done) {
      const tick = new Promise<boolean>((resolve) => setTimeout(resolve, 200, false));
      return Promise.race([conditions.until("the sample's output", done), tick]);
    },
    async stop() {
      child.kill();
      await exited;
    },
  };
}
