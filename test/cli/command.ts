import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { type Program, startProgram } from "../support/program.ts";
import { startTerminal, type TerminalProgram } from "./terminal.ts";

export const cliProgram = fileURLToPath(
  new URL("../../packages/cli/bin/novacore.mjs", import.meta.url),
);

/** What a command that has ended said. */
export interface Answer {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Somebody at a keyboard of his own: a config folder that nobody else has. */
export interface Person {
  readonly configHome: string;
  /** Runs `novacore` with the arguments to its end. */
  run(args: readonly string[], options?: StartOptions): Promise<Answer>;
  /** The same, and its answer as JSON; fails unless the command ends with 0 and says just that. */
  json<T>(args: readonly string[], options?: StartOptions): Promise<T>;
  start(args: readonly string[], options?: StartOptions): Program;
  startAtTerminal(args: readonly string[], options?: StartOptions): TerminalProgram;
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

export async function createCommandUser(t: Pick<TestContext, "after">): Promise<Person> {
  const configHome = await mkdtemp(join(tmpdir(), "novacore-config-"));
  t.after(() => rm(configHome, { recursive: true, force: true }));
  const start = (args: readonly string[], { env, stdin }: StartOptions = {}) =>
    startProgram(process.execPath, [cliProgram, ...args], {
      env: { ...withoutLogin, XDG_CONFIG_HOME: configHome, ...env },
      ...(stdin !== undefined && { stdin }),
    });
  const run = async (args: readonly string[], options?: StartOptions) => {
    const started = start(args, options);
    const { code } = await started.ended;
    return { code, stdout: started.stdout(), stderr: started.stderr() };
  };
  return {
    ...{ configHome, start, run },
    startAtTerminal: (args, { env } = {}) =>
      startTerminal([process.execPath, cliProgram, ...args], {
        ...{ ...withoutLogin, XDG_CONFIG_HOME: configHome, TERM: "xterm", ...env },
      }),
    async json(args, options) {
      const { code, stdout, stderr } = await run([...args, "--json"], options);
      if (code !== 0) throw new Error(`novacore ${args.join(" ")} ended with ${code}: ${stderr}`);
      return JSON.parse(stdout);
    },
  };
}

/** What the environment of the tests may have. */
const withoutLogin = {
  ...{ NOVACORE_URL: "", NOVACORE_TOKEN: "", NOVACORE_ORG: "", NOVACORE_PROFILE: "" },
  NO_COLOR: "",
};
