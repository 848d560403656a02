import assert from "node:assert/strict";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import {
  asLine,
  commandsOf,
  type ExampleHub,
  project,
  startExampleHub,
} from "../support/example-hub.ts";
import { goFor } from "../support/go.ts";
import { type Program, startProgram } from "../support/program.ts";
import { pythonWith } from "../support/python.ts";
import { findTool } from "../support/tools.ts";

const startedMs = Date.now();
let hub: ExampleHub;

before(async () => {
  hub = await startExampleHub();
  const [make = ""] = await commandsWith("backend-node", "create-integration");
  await hub.run(make);
});
after(() => hub?.close());

interface Example {
  readonly folder: string;
  /** Why it cannot run here. */
  readonly missing?: string;
  /** A command of its README as it runs here. */
  readonly adapt?: (command: string) => string;
  /** A line that it prints, in the form that the others have. */
  readonly toLine?: (printed: string) => string;
}

const python = await pythonWith(["nats", "cryptography"]);
const go = await goFor(join(project, "examples", "backend-go"));
const examples: readonly Example[] = [
  { folder: "backend-node" },
  {
    folder: "backend-python",
    ...(python === undefined && { missing: "Python with nats-py and cryptography" }),
    adapt: (command) => command.replace(/^python /, `'${python}' `),
  },
  { folder: "backend-go", ...(go === undefined && { missing: "Go with the example's modules" }) },
  {
    folder: "backend-cli",
    ...([findTool("nats"), findTool("curl")].includes(undefined) && { missing: "nats or curl" }),
    toLine: (printed) => asLine(JSON.parse(printed)),
  },
];

test("the integration's key is for its owner's eyes alone", async () => {
  for (const name of ["back-end.json", "back-end-key.pem"]) {
    assert.equal((await stat(join(hub.dataDir, name))).mode & 0o777, 0o600);
  }
});

for (const example of examples) {
  const { folder, missing } = example;
  describe(`the ${folder} example`, {
    skip: missing === undefined ? false : `${missing} is not installed`,
  }, () => {
    test("prints readings as they are stored", async () => {
      const printed = await runOf(example, "live");
      assert.equal(printed.length, 4);
      const stored = new Set(await storedLines(() => true));
      for (const line of printed) assert.ok(stored.has(line), line);
    });

    test("replays the last hour, and the next run goes on where it ended", async () => {
      const printed = [...(await runOf(example, "replay")), ...(await runOf(example, "replay"))];
      const stored = await storedLines(({ length }) => length >= 8);
      assert.deepEqual(printed, stored.slice(0, 8));
    });
  });
}

test("replays go on after a restart of the hub, and miss nothing", async () => {
  const present = examples.filter(({ missing }) => missing === undefined);
  // The command line ends after each reading that it asks for; the others run on.
  const running = await Promise.all(
    present
      .filter(({ folder }) => folder !== "backend-cli")
      .map(async (example) => {
        const command = (await commandOf(example, "replay")).replace(/ --count \d$/, "");
        const options = { cwd: project, env: hub.env };
        return startProgram("bash", ["-c", `exec ${command}`], options);
      }),
  );
  try {
    const linesOf = (program: Program) => program.stdout().split("\n").slice(0, -1);
    const has = (program: Program, count: number) =>
      program.until(`${count} readings`, () => linesOf(program).length >= count);
    await Promise.all(running.map((program) => has(program, 8)));
    await hub.stop();
    const counts = running.map((program) => linesOf(program).length);
    await hub.start();
    await Promise.all(running.map((program, i) => has(program, (counts[i] ?? 0) + 8)));
    const cli = examples.find(({ folder }) => folder === "backend-cli");
    const shown = cli !== undefined && present.includes(cli) ? await runOf(cli, "replay") : [];

    // An acknowledgement that the restart has lost brings its reading again: each at least once.
    const stored = (await storedLines(({ length }) => length >= 20)).slice(8);
    for (const program of running) {
      const count = linesOf(program).length;
      await program.until("all that was stored", () => {
        const printed = new Set(linesOf(program));
        return stored.slice(0, count).every((line) => printed.has(line));
      });
    }
    assert.deepEqual(shown, stored.slice(0, shown.length));
  } finally {
    for (const program of running) program.signal("SIGTERM");
    await Promise.all(running.map(({ ended }) => ended));
  }
});

async function runOf(example: Example, what: "live" | "replay"): Promise<string[]> {
  const printed = await hub.run(await commandOf(example, what));
  const { toLine = (line) => line } = example;
  return printed.trimEnd().split("\n").map(toLine);
}

async function commandOf({ folder, adapt }: Example, what: "live" | "replay"): Promise<string> {
  const [command = ""] = await commandsWith(folder, what);
  assert.match(command, / --count 4$/, `${folder}/README.md has a command that ends`);
  return adapt?.(command) ?? command;
}

async function commandsWith(folder: string, word: string): Promise<string[]> {
  return (await commandsOf(folder)).filter((command) => command.includes(word));
}

/** What the site's stream has since the start, once there is enough of it. */
async function storedLines(isEnough: (lines: readonly string[]) => boolean): Promise<string[]> {
  const listener = await hub.listen(`?since=${new Date(startedMs).toISOString()}`);
  const nowMs = Date.now();
  try {
    return await listener.until("the stored readings", () => {
      const readings = listener.readings();
      const lines = readings.map(asLine);
      // One that was stored after this began: everything before it is there.
      return Number(readings.at(-1)?.received_at) > nowMs && isEnough(lines) && lines;
    });
  } finally {
    await listener.close();
  }
}
