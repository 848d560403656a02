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
    if (withDemo && config.tls === undefined) {
      say("Starting the demo gateway …");
      demo = await startDemoProcess(hub, config.dataDir, stopped);
    }
    const demoLines = demo?.lines ?? [whyNoDemo(withDemo)];
    say(banner(hub, config, demoLines));
    if (!isLoopback(config.host)) say(openWarning(config));
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

function banner(hub: Hub, config: Config, demoLines: readonly string[]): string {
  const withNats = config.natsUrl === undefined || config.natsWebsocketUrl !== undefined;
  const lines = [
    "",
    "Novacore is ready.",
    `  REST and SSE         ${hub.url}`,
    `  WebSocket            ${hub.websocketUrl} (subprotocol novacore.v1)`,
    `  NATS over WebSocket  ${withNats ? hub.websocketUrl : "off; NATS_WEBSOCKET_URL says where it is"}`,
    `  NATS                 ${hub.natsUrl}`,
    `  MQTT                 ${hub.mqttUrl}`,
    `  data                 ${config.dataDir}`,
    ...demoLines,
    "",
    "Ctrl-C stops everything.",
    "",
  ];
  return lines.join("\n");
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}

/** The demo comes by the hub's own address, for which a certificate is hardly ever made. */
function whyNoDemo(withDemo: boolean): string {
  return withDemo
    ? "  The demo is off with TLS; start without NOVACORE_TLS_CERT and NOVACORE_TLS_KEY to see it."
    : "  The demo is off; docs/operating.md says how to connect a gateway.";
}

function openWarning({ host, tls, natsUrl }: Config): string {
  const open = [
    ...(tls === undefined ? ["HTTP", "WebSocket"] : []),
    ...(natsUrl === undefined ? ["NATS", "MQTT"] : []),
  ];
  if (open.length === 0) return "";
  return (
    `NOVACORE_HOST is ${host}: ${open.join(", ")} are open to the network without TLS. ` +
    "docs/operating.md says how to encrypt them.\n"
  );
}

/** For people: on stderr, since stdout carries the JSON log. */
function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
