import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { hubFlags } from "../../scripts/hub-flags.mjs";
import { createConditions } from "./conditions.ts";
import { takePorts } from "./ports.ts";

const program = fileURLToPath(new URL("../../packages/server/src/main.ts", import.meta.url));
/** A test that is killed leaves no hub behind. */
const followParent = new URL("../../scripts/follow-parent.mjs", import.meta.url).href;

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
  const [http, realtime, nats, mqtt] = await takePorts(4);
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
  const args = ["--import", followParent, ...hubFlags, program, "start", "--no-demo"];
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe", "ipc"] });
  child.channel?.unref();
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
