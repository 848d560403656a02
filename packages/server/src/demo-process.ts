import { spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Where a gateway and a listener find the hub. */
interface HubAddresses {
  readonly url: string;
  readonly natsUrl: string;
  readonly websocketUrl: string;
  readonly mqttUrl: string;
}

export interface DemoProcess {
  /** What to print about the demo. */
  readonly lines: readonly string[];
  stop(): Promise<void>;
}

const program = fileURLToPath(import.meta.resolve("@novacore/simulator/demo-main"));

/**
 * Runs the demo gateway as a process of its own: it has no way into the hub but the public one.
 * Resolves at its first stored reading, or when `stopped` does; rejects with what the demo said when
 * it fails before. A demo that ends later is reported and takes nothing else with it.
 */
export async function startDemoProcess(
  hub: HubAddresses,
  dataDir: string,
  stopped: Promise<void>,
): Promise<DemoProcess> {
  const addresses = [
    ...["--base-url", hub.url, "--ws-url", hub.websocketUrl],
    ...["--nats-url", hub.natsUrl, "--mqtt-url", hub.mqttUrl, "--data-dir", dataDir],
  ];
  const child = spawn(process.execPath, [program, ...addresses], {
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let lastLines = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    lastLines = (lastLines + chunk.toString()).slice(-2_000);
  });
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const ready = new Promise<"ready">((resolve) => child.once("message", () => resolve("ready")));
  const first = await Promise.race([ready, exited, stopped]);
  const stop = async () => {
    child.kill("SIGTERM");
    await exited;
  };
  if (first !== "ready" && child.exitCode !== null) {
    throw new Error(`The demo gateway could not start: ${lastLines.trim()}`);
  }
  return { lines: demoLines(hub.url, dataDir), stop };
}

/** The token goes to curl on its standard input: an argument would stand in the process list. */
function demoLines(baseUrl: string, dataDir: string): string[] {
  const demoFile = join(dataDir, "demo.json");
  const keyFile = join(dataDir, "demo", "person-key.pem");
  const read = (name: string, as: string) =>
    `sed -n 's/.*"${name}": "\\(.*\\)".*/${as}\\1/p' '${demoFile}'`;
  return [
    `  demo                 a recorded home, second by second; details in ${demoFile}`,
    "",
    "See its readings arrive:",
    "",
    `  ${read("token", "Authorization: Bearer ")} | \\`,
    `    curl -N -H @- "${baseUrl}/stream/sites/$(${read("site_id", "")})"`,
    "",
    "Or log in by the command, as whom the demo belongs to:",
    "",
    `  npx novacore login --url ${baseUrl} --key '${keyFile}'`,
    "  npx novacore tail",
  ];
}
