import { createInterface } from "node:readline/promises";
import { CommandFailed, UsageError } from "./failure.ts";
import { printable } from "./printable.ts";
import type { Progress } from "./progress.ts";
import type { Terminal } from "./terminal.ts";

/**
 * Asks at a terminal, on stderr, and goes on after yes alone; `isYes`: it was said before, by `--yes`.
 * Throws UsageError where nobody can be asked, and CommandFailed for any other answer.
 */
export async function confirm(
  { terminal, progress }: { readonly terminal: Terminal; readonly progress: Progress },
  question: string,
  isYes: boolean,
): Promise<void> {
  if (isYes) return;
  const { stdin: input, stderr: output, signal } = terminal;
  if (!input.isTTY || !output.isTTY) {
    throw new UsageError(`${question} Say so by --yes: there is no terminal to ask at.`);
  }
  progress.done();
  const asking = createInterface({ input, output, terminal: false });
  try {
    const answer = await asking.question(`${printable(question)} [y/N] `, { signal });
    if (!/^y(es)?$/i.test(answer.trim())) throw new CommandFailed("Nothing was changed.");
  } finally {
    asking.close();
  }
}
