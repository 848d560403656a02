import type { Connected, ConnectOptions } from "./connect.ts";
import type { Output } from "./output.ts";
import type { Progress } from "./progress.ts";
import type { Terminal } from "./terminal.ts";

/** What a command has to work with, beside what it was given. */
export interface Context {
  readonly terminal: Terminal;
  readonly output: Output;
  readonly progress: Progress;
  /** Ends the command. */
  readonly signal: AbortSignal;
  /** Name of the profile that is meant. */
  readonly profileName: string;
  /** The hub, as whoever is logged in. Throws NotLoggedIn. */
  connect(options?: ConnectOptions): Promise<Connected>;
  /** Says something beside the answer, on stderr. */
  say(line: string): void;
  /** Asks a question that only yes answers; `isYes`: it was answered before. Throws UsageError or CommandFailed. */
  confirm(question: string, isYes: boolean): Promise<void>;
}
