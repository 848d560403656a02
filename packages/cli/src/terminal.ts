import type { ReadStream, WriteStream } from "node:tty";

/** Where a command runs: what main.ts has from the process, and nothing else reads it. */
export interface Terminal {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Input;
  readonly stdout: Sink;
  readonly stderr: Sink;
  /** Ends the command; the reason is an Ending. */
  readonly signal: AbortSignal;
}

export type Input = NodeJS.ReadableStream & Partial<Pick<ReadStream, "isTTY">>;
export type Sink = NodeJS.WritableStream & Partial<Pick<WriteStream, "isTTY" | "columns" | "rows">>;

/** Why a command is ended from outside. */
export class Ending extends Error {
  override readonly name = "Ending";
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}
