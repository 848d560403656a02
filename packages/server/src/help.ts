import { settings } from "./config.ts";

/** What `npm start -- --help` prints: the options, then every setting of the table in config.ts. */
export function helpText(): string {
  const width = Math.max(...Object.values(settings).map(({ env }) => env.length));
  const rows = Object.values(settings).map(
    ({ env, default: byDefault, description }) =>
      `  ${env.padEnd(width)}  ${description}\n  ${" ".repeat(width)}  default: ${byDefault}`,
  );
  return [
    "Starts nats-server, the hub and a demo gateway, and keeps running until Ctrl-C.",
    "",
    "  npm start -- [--no-demo] [--print-nats-config] [--help]",
    "",
    "  --no-demo            leave the demo gateway out",
    "  --print-nats-config  print what an operated nats-server (NATS_URL) needs, and end",
    "  --help               print this",
    "",
    "Settings are environment variables:",
    "",
    ...rows,
    "",
  ].join("\n");
}
