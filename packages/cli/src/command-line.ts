import { parseArgs } from "node:util";
import type { Command, Entry, Group, Words } from "./command.ts";
import { UsageError } from "./failure.ts";
import { type Fields, flag, optional, optionName } from "./field.ts";
import { nearest } from "./nearest.ts";

/** What every command takes, anywhere on its line. */
export const globalOptions = {
  json: flag("One JSON object a line, for programs"),
  profile: optional("NAME", "Whose login to use; default: NOVACORE_PROFILE, or default"),
  help: flag("Show this"),
  version: flag("Show the version"),
};

export interface CommandLine {
  /** The words that lead to the entry. */
  readonly path: readonly string[];
  readonly entry: Entry;
  readonly words: Words;
}

/**
 * Finds what is meant and what is given to it. Throws UsageError with what was meant, where a word
 * or an option is near one that there is.
 */
export function readCommandLine(args: readonly string[], root: Group): CommandLine {
  const { path, entry, rest } = findEntry(args, root);
  const words = readWords(path, entry, rest);
  return { path, entry, words };
}

/** Options of every command may stand before its name as well, as in `novacore --json org list`. */
function findEntry(args: readonly string[], root: Group) {
  const path: string[] = [];
  const taken = new Set<number>();
  let entry: Entry = root;
  for (const token of tokensOf(args, globalOptions)) {
    if (token.kind !== "positional" || entry.kind === "command") continue;
    entry = entryNamed(token.value, entry, path);
    path.push(token.value);
    taken.add(token.index);
  }
  return { path, entry, rest: args.filter((_, index) => !taken.has(index)) };
}

export function entryNamed(word: string, group: Group, path: readonly string[]): Entry {
  const entry = Object.hasOwn(group.entries, word) ? group.entries[word] : undefined;
  if (entry !== undefined) return entry;
  const names = Object.keys(group.entries);
  const meant = nearest(word, names);
  const hint = meant === undefined ? `There are ${names.join(", ")}.` : `Did you mean ${meant}?`;
  throw new UsageError(`There is no command "${["novacore", ...path, word].join(" ")}". ${hint}`);
}

function readWords(path: readonly string[], entry: Entry, args: readonly string[]): Words {
  const fields = { ...(entry.kind === "command" ? entry.options : {}), ...globalOptions };
  const byName = new Map(Object.entries(fields).map(([key, field]) => [optionName(key), field]));
  const operands: string[] = [];
  const options = new Map<string, readonly string[]>();
  for (const token of tokensOf(args, fields)) {
    if (token.kind === "positional") operands.push(token.value);
    if (token.kind !== "option") continue;
    const name = token.rawName === "-h" ? "--help" : token.rawName;
    const field = byName.get(name);
    if (field === undefined) throw unknownOption(token.rawName, [...byName.keys()], path);
    const given = options.get(name) ?? [];
    options.set(name, [...given, optionValue(name, field.placeholder, token)]);
  }
  if (entry.kind === "command") assertNotTooMany(operands, entry);
  return { operands, options };
}

interface OptionToken {
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

function optionValue(name: string, placeholder: string | undefined, token: OptionToken): string {
  const { value, inlineValue } = token;
  if (placeholder === undefined) {
    if (value === undefined) return "";
    throw new UsageError(`${name} takes no value, and got "${value}".`);
  }
  // Another option in the value's place is a value that was forgotten; −33.8 is one.
  if (value === undefined || (!inlineValue && value.startsWith("--"))) {
    throw new UsageError(`${name} needs a value: ${name} ${placeholder}.`);
  }
  return value;
}

function unknownOption(
  name: string,
  known: readonly string[],
  path: readonly string[],
): UsageError {
  const meant = nearest(name, known);
  const hint = meant === undefined ? "" : ` Did you mean ${meant}?`;
  return new UsageError(`"${["novacore", ...path].join(" ")}" has no option ${name}.${hint}`);
}

function assertNotTooMany(given: readonly string[], { operands }: Command): void {
  const fields = Object.values(operands);
  const extra = fields.at(-1)?.isRepeatable ? undefined : given[fields.length];
  if (extra !== undefined) throw new UsageError(`"${extra}" is one argument too many.`);
}

function tokensOf(args: readonly string[], fields: Fields) {
  const options = Object.fromEntries(
    Object.entries(fields).map(([key, { placeholder }]) => [
      optionName(key).slice(2),
      { type: placeholder === undefined ? ("boolean" as const) : ("string" as const) },
    ]),
  );
  const settings = { args: [...args], options, allowPositionals: true, strict: false };
  return parseArgs({ ...settings, tokens: true }).tokens;
}
