import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/** What is needed of a log; pino's has it. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

const linesPerSecondMax = 50;
/**
 * Refused logins: the callout logs each, with its reason. nats-server's own lines would say the
 * same twice more, and name what the client gave as a user, which may be a secret.
 */
const refusalPattern = /auth callout|authentication error|authorization violation/i;
/** Whatever a stranger sends instead of a handshake, and clients that went without a word. */
const clientPattern = /websocket handshake error|read error/i;
/** Said at every start; the hub itself warns when it listens beyond this machine. */
const expectedPattern = /websocket not configured with tls/i;
const linePattern = /^\[\d+\] \[(\w+)\] (.*)$/;

/**
 * Hands nats-server's log lines on. `onLine` sees every line, before the rate limit: a client that
 * makes the server log must not fill the disk.
 */
export function forwardServerLog(
  stderr: Readable,
  log: Log,
  onLine: (level: string, text: string) => void,
): void {
  let second = 0;
  let lines = 0;
  createInterface({ input: stderr }).on("line", (line) => {
    const [, level = "ERR", text = line] = line.match(linePattern) ?? [];
    onLine(level, text);
    if (refusalPattern.test(text)) return;
    const now = Math.floor(performance.now() / 1000);
    if (now !== second) {
      if (lines > linesPerSecondMax) {
        log.warn({ source: "nats-server", lines: lines - linesPerSecondMax }, "log lines left out");
      }
      second = now;
      lines = 0;
    }
    lines += 1;
    if (lines <= linesPerSecondMax) write(log, level, text);
  });
}

function write(log: Log, level: string, text: string): void {
  const fields = { source: "nats-server" };
  if (clientPattern.test(text)) log.debug(fields, text);
  else if (level === "FTL" || level === "ERR") log.error(fields, text);
  else if (level === "WRN" && !expectedPattern.test(text)) log.warn(fields, text);
  else log.debug(fields, text);
}
