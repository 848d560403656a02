import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { EnrichedReading } from "@novacore/protocol";
import type { DemoDetails } from "@novacore/simulator";
import { chooseHubPorts, readDemoDetails, startDemoHub } from "./demo-hub.ts";
import { goEnv } from "./go.ts";
import { type Listener, listen } from "./listener.ts";
import { runProgram } from "./program.ts";

/** The READMEs' commands are for the project's folder. */
export const project = fileURLToPath(new URL("../..", import.meta.url));

/** A hub with the demo, which the examples find by its folder. */
export interface ExampleHub {
  readonly dataDir: string;
  /** Beside the test's own environment. */
  readonly env: Readonly<Record<string, string>>;
  demo(): DemoDetails;
  /** Runs a command of a README to its end; gives what it printed. */
  run(command: string): Promise<string>;
  /** Listens to the demo's site, with a query that begins with `?`. */
  listen(query?: string): Promise<Listener>;
  stop(): Promise<void>;
  /** After `stop`, on the same ports. */
  start(): Promise<void>;
  close(): Promise<void>;
}

export async function startExampleHub(): Promise<ExampleHub> {
  const dataDir = await mkdtemp(join(tmpdir(), "novacore-test-"));
  const ports = await chooseHubPorts();
  let hub = await startDemoHub({ dataDir, ports });
  const env = {
    ...goEnv,
    NOVACORE_DATA_DIR: dataDir,
    PYTHONDONTWRITEBYTECODE: "1",
    // `npx node` and `node` are the Node that runs the tests.
    PATH: [dirname(process.execPath), process.env.PATH ?? ""].join(delimiter),
  };
  const stop = async () => {
    hub.signal("SIGINT");
    await hub.ended;
  };
  return {
    ...{ dataDir, env, stop },
    demo: () => readDemoDetails(dataDir),
    run: (command) => runProgram("bash", ["-c", command], { cwd: project, env }),
    listen(query = "") {
      const { base_url: url, site_id: siteId, token } = readDemoDetails(dataDir);
      return listen(`${url}/stream/sites/${siteId}${query}`, { token });
    },
    async start() {
      hub = await startDemoHub({ dataDir, ports });
    },
    async close() {
      await stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** The commands of an example's README, without their comments. */
export async function commandsOf(folder: string): Promise<readonly string[]> {
  const readme = await readFile(join(project, "examples", folder, "README.md"), "utf8");
  const block = readme.match(/```sh\n([\s\S]*?)```/)?.[1] ?? "";
  return block
    .trimEnd()
    .split("\n")
    .map((line) => line.replace(/ +#.*$/, ""));
}

/** The line that the examples print for a reading. */
export function asLine(reading: EnrichedReading): string {
  const { type, timestamp } = reading;
  const W = "W" in reading ? reading.W : undefined;
  return `${new Date(timestamp).toISOString()} ${type.padEnd(10)} ${W} W`;
}
