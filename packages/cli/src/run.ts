import { NovacoreError } from "@novacore/client";
import type { Command, Group, Words } from "./command.ts";
import { entryNamed, globalOptions, readCommandLine } from "./command-line.ts";
import { commands } from "./commands.ts";
import { confirm } from "./confirm.ts";
import { connect } from "./connect.ts";
import type { Context } from "./context.ts";
import { outcomeOf, sentenceOf, UsageError } from "./failure.ts";
import { helpText } from "./help.ts";
import { Output } from "./output.ts";
import { printableLines } from "./printable.ts";
import { chooseProfileName } from "./profile.ts";
import { Progress } from "./progress.ts";
import { Ending, type Terminal } from "./terminal.ts";
import { version } from "./version.ts";

/** Runs what the command line says; resolves with the exit code, whatever happens. */
export async function run(terminal: Terminal): Promise<number> {
  const progress = new Progress(terminal.stderr);
  const isJson = isJsonWanted(terminal.args);
  const output = new Output({ terminal, progress, isJson });
  const say = (line: string) => {
    progress.clear();
    terminal.stderr.write(`${printableLines(line)}\n`);
  };
  const [word, ...others] = terminal.args;
  // "help site" is another way to say "site --help".
  const args = word === "help" ? [...others, "--help"] : terminal.args;
  try {
    await runCommandLine(args, { terminal, progress, output, say });
    terminal.signal.throwIfAborted();
    return 0;
  } catch (thrown) {
    // What is thrown once a command is ended from outside is of that ending.
    const { reason } = terminal.signal;
    if (reason instanceof Ending) return reason.exitCode;
    const { exitCode, code } = outcomeOf(thrown);
    const message = sentenceOf(thrown);
    say(isJson ? JSON.stringify({ error: code, message }) : `novacore: ${message}`);
    const hint = hintOf(thrown, exitCode, terminal.env);
    if (hint !== undefined && !isJson) say(`  ${hint}`);
    return exitCode;
  } finally {
    progress.done();
  }
}

function hintOf(thrown: unknown, exitCode: number, env: Terminal["env"]): string | undefined {
  if (!(thrown instanceof NovacoreError)) return undefined;
  if (thrown.code === "unreachable") return "Does a hub run there? novacore doctor says more.";
  const isRefused = exitCode === 3 && env.NOVACORE_TOKEN;
  return isRefused
    ? "It is the token of NOVACORE_TOKEN, which comes before a profile's login."
    : undefined;
}

type Parts = Pick<Context, "terminal" | "progress" | "output" | "say">;

async function runCommandLine(args: readonly string[], parts: Parts): Promise<void> {
  const { terminal, progress, output, say } = parts;
  const { path, entry, words } = readCommandLine(args, commands);
  const has = (name: string) => words.options.has(name);
  if (has("--version")) return output.done(`novacore ${version}`, { version });
  if (has("--help")) return output.text(helpText(path, entry).trimEnd());
  if (entry.kind === "group") return showGroup(path, entry, words);
  const profileGiven = globalOptions.profile.read(
    "--profile",
    words.options.get("--profile") ?? [],
  );
  const profileName = chooseProfileName(profileGiven, terminal.env);
  const context: Context = {
    ...parts,
    signal: terminal.signal,
    profileName,
    connect: (options) => connect({ terminal, progress, profileName, say }, options),
    confirm: (question, isYes) => confirm({ terminal, progress }, question, isYes),
  };
  await untilStopped(entry, entry.start(context, words), terminal.signal);
}

/** A group alone does nothing: its help says what is missing. */
function showGroup(path: readonly string[], group: Group, { operands }: Words): never {
  const [word] = operands;
  if (word !== undefined) entryNamed(word, group, path);
  throw new UsageError(`a command is missing.\n\n${helpText(path, group).trimEnd()}`);
}

/** The command's end, or its interruption and the time that it may take to stop. */
async function untilStopped(
  { stopMs }: Command,
  running: Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const overdue = new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => setTimeout(resolve, stopMs).unref(), { once: true });
  });
  await Promise.race([running, overdue]);
}

/** Read before the command line is, which may be wrong: programs want that told as JSON as well. */
function isJsonWanted(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return (end < 0 ? args : args.slice(0, end)).includes("--json");
}
