import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import type { Config } from "../../src/config.ts";
import { connectHub } from "../../src/nats/connection.ts";
import type { NatsServer } from "../../src/nats/server.ts";
import { startNats } from "../../src/nats/server.ts";
import { atEnd } from "./at-end.ts";
import { silent, testConfig } from "./running-nats.ts";

test("a nats-server that is killed comes back on the same ports with what it stored", async (t) => {
  const found = await testConfig(t);
  if (found === undefined) return;
  const nats = await startNats({ ...found, log: silent });
  atEnd(t, () => nats.stop());
  const hub = await connectHub(nats, "HUB", "test");
  atEnd(t, () => hub.close());
  const manager = await jetstreamManager(hub);
  await manager.streams.add({ name: "KEPT", subjects: ["kept"] });
  await jetstream(hub).publish("kept", "x");
  for (let round = 0; round < 3; round++) {
    const back = [running(nats), reconnected(hub)];
    process.kill(pidOf(nats), "SIGKILL");
    await Promise.all(back);
    assert.equal((await manager.streams.info("KEPT")).state.messages, 1);
  }
});

test("stopping ends the process and is no reason to restart it", async (t) => {
  const found = await testConfig(t);
  if (found === undefined) return;
  const nats = await startNats({ ...found, log: silent });
  const pid = pidOf(nats);
  await nats.stop();
  await nats.exited;
  assert.equal(isAlive(pid), false);
  assert.deepEqual(nats.state(), { state: "stopped" });
});

test("keys and configuration are for the owner's eyes alone, and stay the same", async (t) => {
  const found = await testConfig(t);
  if (found === undefined) return;
  const first = await startNats({ ...found, log: silent });
  await first.stop();
  const second = await startNats({ ...found, log: silent });
  await second.stop();
  assert.equal(first.keys.users.HUB.publicKey, second.keys.users.HUB.publicKey);
  for (const name of ["keys.json", "nats-server.conf"]) {
    assert.equal(statSync(join(found.dataDir, "nats", name)).mode & 0o777, 0o600, name);
  }
  const seeds: Record<string, string> = JSON.parse(
    readFileSync(join(found.dataDir, "nats", "keys.json"), "utf8"),
  );
  const config = readFileSync(join(found.dataDir, "nats", "nats-server.conf"), "utf8");
  for (const seed of Object.values(seeds)) assert.equal(config.includes(seed), false);
});

const portSettings = {
  natsPort: "NOVACORE_NATS_PORT",
  mqttPort: "NOVACORE_MQTT_PORT",
} as const satisfies Partial<Record<keyof Config, string>>;

for (const [name, env] of Object.entries(portSettings)) {
  test(`a taken port is named with ${env} and the way out`, async (t) => {
    const found = await testConfig(t);
    if (found === undefined) return;
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    t.after(() => taken.close());
    const address = taken.address();
    const port = typeof address === "object" ? (address?.port ?? 0) : 0;
    const config = { ...found.config, [name]: port };
    await assert.rejects(startNats({ ...found, config, log: silent }), (error: Error) => {
      assert.match(error.message, new RegExp(`^Port ${port} .* is taken by another program;`));
      assert.match(error.message, new RegExp(`${env} \\(0 takes any free one\\)\\.$`));
      return true;
    });
  });
}

test("a binary that is none is one clear sentence", async (t) => {
  const found = await testConfig(t);
  if (found === undefined) return;
  const config = { ...found.config, natsServer: "/does/not/exist" };
  await assert.rejects(
    startNats({ ...found, config, log: silent }),
    /^Error: NOVACORE_NATS_SERVER is "\/does\/not\/exist", which is no nats-server that runs here;/,
  );
});

test("a hub that is killed takes its nats-server along", async (t) => {
  const hub = await spawnHub(t);
  if (hub === undefined) return;
  hub.process.kill("SIGKILL");
  await ended(hub.report.pid);
});

test("a hub that is killed is followed by one that starts on the same ports and data", async (t) => {
  const first = await spawnHub(t);
  if (first === undefined) return;
  const { nats, mqtt } = first.report.ports;
  let previous = first;
  for (let round = 0; round < 3; round++) {
    previous.process.kill("SIGKILL");
    const next: HubProcess | undefined = await spawnHub(t, first.dataDir, {
      NOVACORE_NATS_PORT: String(nats),
      NOVACORE_MQTT_PORT: String(mqtt),
    });
    assert.ok(next !== undefined);
    assert.equal(next.report.sentence, undefined);
    assert.equal(next.report.ports.nats, nats);
    assert.equal(isAlive(previous.report.pid), false);
    previous = next;
  }
});

test("a second hub on the same data folder is refused and does not disturb the first", async (t) => {
  const first = await spawnHub(t);
  if (first === undefined) return;
  const second = await spawnHub(t, first.dataDir);
  assert.match(
    second?.report.sentence ?? "",
    new RegExp(`^Another hub \\(process ${first.process.pid}\\) runs on this data folder;`),
  );
  assert.equal(isAlive(first.report.pid), true);
});

interface HubProcess {
  readonly process: ChildProcess;
  readonly dataDir: string;
  readonly report: { pid: number; ports: NatsServer["ports"]; sentence?: string };
}

async function spawnHub(
  t: TestContext,
  dataDir?: string,
  env: Record<string, string> = {},
): Promise<HubProcess | undefined> {
  const found = await testConfig(t);
  if (found === undefined) return undefined;
  const folder = dataDir ?? found.dataDir;
  const program = fileURLToPath(new URL("hub-process.ts", import.meta.url));
  const ports = ["HTTP", "REALTIME", "NATS", "MQTT"].map((name) => [`NOVACORE_${name}_PORT`, "0"]);
  const child = spawn(process.execPath, [program], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      ...process.env,
      ...Object.fromEntries(ports),
      NOVACORE_DATA_DIR: folder,
      ...(found.config.natsServer && { NOVACORE_NATS_SERVER: found.config.natsServer }),
      ...env,
    },
  });
  atEnd(t, async () => {
    child.kill("SIGTERM");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  });
  for await (const line of createInterface({ input: child.stdout })) {
    return { process: child, dataDir: folder, report: JSON.parse(line) };
  }
  throw new Error("the hub process said nothing");
}

function running(nats: NatsServer): Promise<void> {
  return new Promise((resolve) => {
    const stop = nats.onState(({ state }) => {
      if (state !== "running") return;
      stop();
      resolve();
    });
  });
}

async function reconnected(hub: Awaited<ReturnType<typeof connectHub>>): Promise<void> {
  for await (const status of hub.status()) if (status.type === "reconnect") return;
}

function pidOf(nats: NatsServer): number {
  const state = nats.state();
  assert.equal(state.state, "running");
  return state.state === "running" ? state.pid : 0;
}

/** A process that has ended may stay in the table until somebody collects it: without a command. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    const command = `/proc/${pid}/cmdline`;
    return !existsSync(command) || readFileSync(command, "utf8") !== "";
  } catch {
    return false;
  }
}

/** Nobody reports the end of a process that is not ours; the test's own time limit ends this. */
async function ended(pid: number): Promise<void> {
  while (isAlive(pid)) await new Promise((resolve) => setImmediate(resolve));
}
