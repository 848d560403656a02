import { spawn } from "node:child_process";
import { type Condition, createConditions } from "./conditions.ts";

/** A program under test, started as from a terminal: in a process group of its own. */
export interface Program {
  /** Of the process itself, which leads the group. */
  readonly pid: number;
  /** What it has written so far. */
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Waits for its output to become something; fails, with what it wrote, when it ends first. */
  readonly until: Condition;
  /** Resolves when it has ended and everything it wrote was read. */
  readonly ended: Promise<Ending>;
  /** Signals the whole group, as Ctrl-C in a terminal does. Nothing happens once it has ended. */
  signal(name: NodeJS.Signals): void;
}

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ProgramOptions {
  readonly cwd?: string;
  /** Beside the test's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** What it reads. Default: nothing. */
  readonly stdin?: string;
}

export function startProgram(
  command: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Program {
  const { cwd, env, stdin = "" } = options;
  const child = spawn(command, args, {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...process.env, ...env },
    stdio: "pipe",
    detached: true,
  });
  child.stdin.on("error", () => undefined).end(stdin); // it may end without reading
  const conditions = createConditions();
  const written = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      written[name] += text;
      conditions.changed();
    });
  }
  let hasEnded = false;
  const ended = new Promise<Ending>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      hasEnded = true;
      const how = `${command} ended with ${code ?? signal}`;
      conditions.fail(new Error(`${how}: ${written.stdout}\n${written.stderr}`));
      resolve({ code, signal });
    });
  });
  return {
    pid: child.pid ?? 0,
    stdout: () => written.stdout,
    stderr: () => written.stderr,
    until: conditions.until,
    ended,
    signal(name) {
      if (!hasEnded && child.pid !== undefined) signalGroup(child.pid, name);
    },
  };
}

function signalGroup(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(-pid, name);
  } catch (error) {
    // The last of the group ended a moment ago.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

/** Runs a program to its end; fails, with what it wrote, unless it ends with 0. */
export async function runProgram(
  command: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<string> {
  const program = startProgram(command, args, options);
  const { code, signal } = await program.ended;
  if (code === 0) return program.stdout();
  throw new Error(
    `${command} ended with ${code ?? signal}: ${program.stdout()}${program.stderr()}`,
  );
}
