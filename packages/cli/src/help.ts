import type { Command, Entry, Group } from "./command.ts";
import { globalOptions } from "./command-line.ts";
import { exitCodes } from "./failure.ts";
import { type Field, type Fields, optionName } from "./field.ts";

/** What `--help` and `novacore help` show of an entry; `path` are the words that lead to it. */
export function helpText(path: readonly string[], entry: Entry): string {
  const name = ["novacore", ...path].join(" ");
  const lines = entry.kind === "command" ? commandHelp(name, entry) : groupHelp(name, entry);
  return `${lines.join("\n")}\n`;
}

function commandHelp(name: string, command: Command): string[] {
  const { summary, notes, operands, options, examples } = command;
  return [
    usageLine(name, command),
    "",
    `${summary}.`,
    ...(notes === undefined ? [] : ["", ...wrap(notes)]),
    ...section("Arguments", operandRows(operands)),
    ...section("Options", optionRows({ ...options, ...ofEveryCommand })),
    ...section(
      "Examples",
      examples.map((example) => [example]),
    ),
  ];
}

function groupHelp(name: string, { summary, entries }: Group): string[] {
  const isRoot = name === "novacore";
  return [
    `${name} COMMAND …`,
    "",
    `${summary}.`,
    ...section("Commands", rowsOf(isRoot ? "" : name, entries)),
    ...section("Options of every command", optionRows(ofEveryCommand)),
    ...(isRoot ? section("Environment", environmentRows) : []),
    ...(isRoot ? section("Exit codes", Object.entries(exitCodes)) : []),
    "",
    `"novacore help COMMAND" shows a command's options, and examples.`,
  ];
}

const { version: _, ...ofEveryCommand } = globalOptions;

const environmentRows = [
  ["NOVACORE_URL", "Address of the hub, in place of the profile's"],
  ["NOVACORE_TOKEN", "Token to use, in place of the profile's login"],
  ["NOVACORE_ORG", "Organization of commands that name none, in place of the profile's"],
  ["NOVACORE_PROFILE", "Profile to use where --profile is not given"],
  ["NO_COLOR", "Set to anything: no colours"],
];

/** Commands in a group are shown with its name: they can be copied. */
function rowsOf(name: string, entries: Group["entries"]): string[][] {
  return Object.entries(entries).flatMap(([word, entry]) => {
    const path = [name, word].filter((each) => each !== "").join(" ");
    const isNested = entry.kind === "group" && name !== "";
    return isNested ? rowsOf(path, entry.entries) : [[path, entry.summary]];
  });
}

function usageLine(name: string, { operands, options }: Command): string {
  const isOptional = Object.values(options).some(({ isRequired }) => !isRequired);
  const parts = [
    ...Object.entries(operands).map(([key, field]) => operandText(key, field)),
    ...Object.entries(options)
      .filter(([, { isRequired }]) => isRequired)
      .map(([key, { placeholder }]) => `${optionName(key)} ${placeholder}`),
    ...(isOptional ? ["[options]"] : []),
  ];
  return [name, ...parts].join(" ");
}

function operandText(key: string, { placeholder = key, isRequired, isRepeatable }: Field<unknown>) {
  const text = isRepeatable ? `${placeholder}…` : placeholder;
  return isRequired ? text : `[${text}]`;
}

function operandRows(operands: Fields): string[][] {
  return Object.entries(operands).map(([key, field]) => [operandText(key, field), field.about]);
}

function optionRows(options: Fields): string[][] {
  return Object.entries(options).map(([key, { placeholder, about, isRepeatable }]) => {
    const name = [optionName(key), placeholder].filter((each) => each !== undefined).join(" ");
    return [isRepeatable ? `${name},…` : name, about];
  });
}

function section(title: string, rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return [];
  const width = Math.max(...rows.map(([first = ""]) => first.length));
  const lines = rows.map(([first = "", second]) =>
    second === undefined ? `  ${first}` : `  ${first.padEnd(width)}  ${second}`,
  );
  return ["", title, ...lines];
}

const columns = 80;

function wrap(text: string): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line !== "" && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = "";
    }
    line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
