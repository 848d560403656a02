import type { Context } from "./context.ts";
import { type Fields, type Given, optionName } from "./field.ts";

/** What a command line may begin with: a command, or a group of them. */
export type Entry = Command | Group;

export interface Group {
  readonly kind: "group";
  readonly summary: string;
  readonly entries: Readonly<Record<string, Entry>>;
}

export interface Command {
  readonly kind: "command";
  readonly summary: string;
  /** More than the summary, for its help. */
  readonly notes: string | undefined;
  /** What stands without a name, in this order. */
  readonly operands: Fields;
  readonly options: Fields;
  /** Whole command lines. */
  readonly examples: readonly string[];
  /** How long it may take to end once it is interrupted. */
  readonly stopMs: number;
  /** Reads what was given and runs; throws UsageError before anything is done. */
  start(context: Context, words: Words): Promise<void>;
}

/** What stood on the command line after the command's name. */
export interface Words {
  readonly operands: readonly string[];
  /** By the name as it is typed, as `--org`. */
  readonly options: ReadonlyMap<string, readonly string[]>;
}

export interface CommandSpec<P extends Fields, O extends Fields> {
  readonly summary: string;
  readonly notes?: string;
  readonly operands?: P;
  readonly options?: O;
  readonly examples: readonly string[];
  readonly stopMs?: number;
  readonly run: (given: Given<P> & Given<O>, context: Context) => Promise<void>;
}

export function defineCommand<P extends Fields, O extends Fields>(
  spec: CommandSpec<P, O>,
): Command {
  const { summary, notes, operands = {}, options = {}, examples, stopMs = 0 } = spec;
  return {
    ...{ kind: "command", summary, notes, operands, options, examples, stopMs },
    start: (context, words) => spec.run(readWords(operands, options, words), context),
  };
}

export function defineGroup(summary: string, entries: Readonly<Record<string, Entry>>): Group {
  return { kind: "group", summary, entries };
}

function readWords<G>(operands: Fields, options: Fields, words: Words): G {
  const read: Record<string, unknown> = {};
  let rest = words.operands;
  for (const [key, field] of Object.entries(operands)) {
    const name = field.placeholder ?? key;
    read[key] = field.read(name, field.isRepeatable ? rest : rest.slice(0, 1));
    rest = field.isRepeatable ? [] : rest.slice(1);
  }
  for (const [key, field] of Object.entries(options)) {
    const name = optionName(key);
    read[key] = field.read(name, words.options.get(name) ?? []);
  }
  // The compiler does not follow that each key has the value that its own field reads.
  return read as G;
}
