import { spawn } from "node:child_process";
import { type Condition, createConditions } from "../support/conditions.ts";
import { findTool } from "../support/tools.ts";

/** A program that believes to be at a terminal, and somebody who types. */
export interface TerminalProgram {
  /** All that the terminal has shown: of stdout and of stderr. */
  readonly stdout: () => string;
  readonly until: Condition;
  readonly ended: Promise<{ readonly code: number | null }>;
  type(text: string): void;
}

/** What the key sends; the terminal makes a SIGINT of it. */
export const ctrlC = "\u0003";

const script = process.platform === "linux" ? findTool("script") : undefined;

export function hasTerminals(): boolean {
  return script !== undefined;
}

export function startTerminal(
  command: readonly string[],
  env: Readonly<Record<string, string>>,
): TerminalProgram {
  const quoted = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  const line = `stty rows 20 cols 100; exec ${quoted}`;
  const child = spawn(script ?? "script", ["-qec", line, "/dev/null"], {
    env: { ...process.env, ...env },
    stdio: "pipe",
  });
  const conditions = createConditions();
  let shown = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    shown += text;
    conditions.changed();
  });
  const ended = new Promise<{ readonly code: number | null }>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      conditions.fail(new Error(`it ended with ${code}: ${shown}`));
      resolve({ code });
    });
  });
  return {
    stdout: () => shown,
    until: conditions.until,
    ended,
    type: (text) => child.stdin.write(text),
  };
}

/** With escape characters that can be read. */
export function visible(text: string): string {
  return text.replaceAll(String.fromCharCode(27), "^");
}
