/** What the simulator needs of a log: a line with members, as pino takes it. */
export interface Log {
  info(members: object, message: string): void;
  warn(members: object, message: string): void;
}

/** One JSON line per event, for a program of its own. */
export function createJsonLog(write: (line: string) => void): Log {
  const line = (level: string) => (members: object, message: string) =>
    write(`${JSON.stringify({ level, time: Date.now(), ...members, msg: message })}\n`);
  return { info: line("info"), warn: line("warn") };
}
