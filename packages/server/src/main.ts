/** The hub as a program: reads the environment and signals, and is the only file that does. */
import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { type Config, readConfig } from "./config.ts";
import { type DemoProcess, startDemoProcess } from "./demo-process.ts";
import { helpText } from "./help.ts";
import { operatedNatsConfig } from "./nats/print-config.ts";
import { createServer, type Hub } from "./server.ts";

/** How long a stop may take before the process ends all the same. */
const stopMs = 20_000;

const code = await main(process.argv.slice(2));
// What a failed start left open must not keep the process alive.
if (code !== 0) process.exit(code);

async function main(args: string[]): Promise<number> {
  try {
    const { values } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        help: { type: "boolean", short: "h" },
        "no-demo": { type: "boolean" },
        "print-nats-config": { type: "boolean" },
      },
    });
    if (values.help) {
      process.stdout.write(helpText());
      return 0;
    }
    // At a terminal the banner says what matters; a log that is collected has every event.
    const byDefault = process.stdout.isTTY ? { NOVACORE_LOG_LEVEL: "warn" } : {};
    const read = readConfig({ ...byDefault, ...process.env });
    const config = { ...read, dataDir: resolve(read.dataDir) };
    if (values["print-nats-config"]) {
      process.stdout.write(operatedNatsConfig(config.dataDir));
      return 0;
    }
    return await run(config, values["no-demo"] !== true);
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    return 1;
  }
}

async function run(config: Config, withDemo: boolean): Promise<number> {
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 });
  const stopped = stopSignal();
  const hub = await createServer(config, { onProgress: say });
  let demo: DemoProcess | undefined;
  try {
    if (withDemo) {
      say("Starting the demo gateway …");
      demo = await startDemoProcess(hub, config.dataDir, stopped);
    }
    say(banner(hub, config.dataDir, demo));
    if (!isLoopback(config.host)) say(openWarning(config.host));
    const reason = await Promise.race([stopped.then(() => undefined), hub.failed]);
    if (reason !== undefined) say(`The hub cannot go on: ${reason.message}`);
    else say("Stopping: listeners are told to come back, what was received is stored …");
    return reason === undefined ? 0 : 1;
  } finally {
    const overdue = setTimeout(() => {
      say(`Stopping took longer than ${stopMs / 1000} s; ended now.`);
      process.exit(1);
    }, stopMs);
    await demo?.stop();
    await hub.close();
    clearTimeout(overdue);
    say("Stopped.");
  }
}

/** Resolves at the first Ctrl-C or SIGTERM; a second one ends the process at once. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
    let asked = false;
    for (const signal of signals) {
      process.on(signal, () => {
        if (asked) process.exit(130);
        asked = true;
        resolve();
      });
    }
  });
}

function banner(hub: Hub, dataDir: string, demo: DemoProcess | undefined): string {
  const lines = [
    "",
    "Novacore is ready.",
    `  REST and SSE         ${hub.url}`,
    `  NATS                 ${hub.natsUrl}`,
    `  NATS over WebSocket  ${hub.websocketUrl}`,
    `  MQTT                 ${hub.mqttUrl}`,
    `  data                 ${dataDir}`,
    ...(demo?.lines ?? ["  The demo is off; docs/operating.md says how to connect a gateway."]),
    "",
    "Ctrl-C stops everything.",
    "",
  ];
  return lines.join("\n");
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}

function openWarning(host: string): string {
  return (
    `NOVACORE_HOST is ${host}: HTTP, NATS and MQTT are open to the network without TLS. ` +
    "Put a TLS proxy in front of them (docs/operating.md).\n"
  );
}

/** For people: on stderr, since stdout carries the JSON log. */
function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
