import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { DemoDetails } from "@novacore/simulator";
import { takePorts } from "./ports.ts";
import { type Program, startProgram } from "./program.ts";

const main = fileURLToPath(new URL("../../packages/server/src/main.ts", import.meta.url));

/** The ports of a hub by the settings that choose them. */
export type HubPorts = Readonly<Record<(typeof portSettings)[number], string>>;

export const portSettings = [
  "NOVACORE_HTTP_PORT",
  "NOVACORE_REALTIME_PORT",
  "NOVACORE_NATS_PORT",
  "NOVACORE_MQTT_PORT",
] as const;

export async function chooseHubPorts(): Promise<HubPorts> {
  const [http, realtime, nats, mqtt] = await takePorts(portSettings.length);
  return {
    NOVACORE_HTTP_PORT: `${http}`,
    NOVACORE_REALTIME_PORT: `${realtime}`,
    NOVACORE_NATS_PORT: `${nats}`,
    NOVACORE_MQTT_PORT: `${mqtt}`,
  };
}

export interface DemoHubOptions {
  readonly dataDir: string;
  readonly ports: HubPorts;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs what `npm start` runs, once everything is installed: the hub, nats-server and the demo. */
export function startMain({ dataDir, ports, env }: DemoHubOptions): Program {
  return startProgram(process.execPath, [main, "start"], {
    env: { NOVACORE_DATA_DIR: dataDir, ...ports, ...env },
  });
}

/** The same; resolves when it has said that it is ready. */
export async function startDemoHub(options: DemoHubOptions): Promise<Program> {
  const program = startMain(options);
  await program.until("the hub says that it is ready", () =>
    program.stderr().includes("Ctrl-C stops everything."),
  );
  return program;
}

export function readDemoDetails(dataDir: string): DemoDetails {
  return JSON.parse(readFileSync(join(dataDir, "demo.json"), "utf8"));
}
