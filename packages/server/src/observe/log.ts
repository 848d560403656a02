import { type Logger, pino } from "pino";
import type { LogLevel } from "../config.ts";

/**
 * Members that could carry a secret, wherever they stand in a log object. Redaction is the second
 * net: nothing of ours logs them on purpose.
 */
const secrets = [
  "token",
  "password",
  "ticket",
  "authorization",
  "cookie",
  "seed",
  "private_key",
  "jwt",
  "auth_token",
];

/** One JSON line per event, to stdout or to `destination`. */
export function createLog(level: LogLevel, destination?: { write(line: string): void }): Logger {
  const options = {
    level,
    base: { service: "novacore" },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: {
      paths: secrets.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
      censor: "[secret]",
    },
    serializers: { req: describeRequest },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

interface LoggedRequest {
  readonly method?: string;
  readonly url?: string;
  readonly ip?: string;
}

/** A request without its query: tickets travel there. */
function describeRequest(request: LoggedRequest): Record<string, string | undefined> {
  return { method: request.method, path: request.url?.split("?")[0], remote: request.ip };
}
