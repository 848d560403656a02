import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { hubFlags } from "../../scripts/hub-flags.mjs";
import { createConditions } from "./conditions.ts";

const program = fileURLToPath(new URL("../../packages/server/src/main.ts", import.meta.url));

/** A hub in a process of its own, so that it can be killed as the kernel kills. */
export interface HubProcess {
  readonly url: string;
  readonly natsUrl: string;
  readonly mqttUrl: string;
  readonly dataDir: string;
  pid(): number;
  /** `kill -9` of the hub; resolves when the process is gone. */
  kill(): Promise<void>;
  /** Starts the hub again on the same ports and data; resolves when it is ready. */
  start(): Promise<void>;
  /** Stops the hub as Ctrl-C does and removes the data. */
  close(): Promise<void>;
}

/** A `givenDir` is left to whoever gave it. */
export async function startHubProcess(
  settings: Readonly<Record<string, string>> = {},
  givenDir?: string,
): Promise<HubProcess> {
  const dataDir = givenDir ?? (await mkdtemp(join(tmpdir(), "novacore-test-")));
  const [http, realtime, nats, mqtt] = await freePorts(4);
  const env = {
    ...process.env,
    NOVACORE_HTTP_PORT: `${http}`,
    NOVACORE_REALTIME_PORT: `${realtime}`,
    NOVACORE_NATS_PORT: `${nats}`,
    NOVACORE_MQTT_PORT: `${mqtt}`,
    NOVACORE_DATA_DIR: dataDir,
    NOVACORE_LOG_LEVEL: "warn",
    ...settings,
  };
  let child: ChildProcess | undefined;
  const start = async () => {
    child = await startReady(env);
  };
  await start();
  return {
    url: `http://127.0.0.1:${http}`,
    natsUrl: `nats://127.0.0.1:${nats}`,
    mqttUrl: `mqtt://127.0.0.1:${mqtt}`,
    dataDir,
    pid: () => child?.pid ?? 0,
    start,
    kill: () => end(child, "SIGKILL"),
    async close() {
      await end(child, "SIGTERM");
      if (givenDir === undefined) await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function startReady(env: NodeJS.ProcessEnv): Promise<ChildProcess> {
  const child = spawn(process.execPath, [...hubFlags, program, "start", "--no-demo"], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const conditions = createConditions();
  let said = "";
  const hear = (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-20_000);
    conditions.changed();
  };
  child.stderr?.on("data", hear);
  child.stdout?.on("data", (chunk: Buffer) => {
    if (process.env.NOVACORE_TEST_LOG) process.stdout.write(chunk);
  });
  child.once("exit", (code) => conditions.fail(new Error(`the hub ended with ${code}: ${said}`)));
  await conditions.until("the hub is ready", () => said.includes("Novacore is ready."));
  return child;
}

async function end(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill(signal);
  await exited;
}

/** Ports that were free a moment ago, held open together so that they differ. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return address.port;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
