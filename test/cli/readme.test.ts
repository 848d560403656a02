import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import type { Command, Entry, Group } from "../../packages/cli/src/command.ts";
import { readCommandLine } from "../../packages/cli/src/command-line.ts";
import { commands } from "../../packages/cli/src/commands.ts";
import { readBlocks } from "../docs/protocol-blocks.ts";
import { createCommandUser } from "./command.ts";

const readme = await readFile(new URL("../../packages/cli/README.md", import.meta.url), "utf8");

test("the README and help have the same commands, exit codes and variables", async (t) => {
  const help = (await (await createCommandUser(t)).run(["help"])).stdout;
  assert.deepEqual(rowsUnder(readme, "Command"), sectionOf(help, "Commands"));
  assert.deepEqual(rowsUnder(readme, "Exit code"), sectionOf(help, "Exit codes"));
  assert.deepEqual(rowsUnder(readme, "Variable"), sectionOf(help, "Environment"));
});

test("every command line of the README, and every example of help, is understood", async () => {
  const ofReadme = readBlocks(readme)
    .filter(({ language }) => language === "sh")
    .flatMap(({ text }) => text.trim().split("\n"));
  const ofHelp = [...commandsIn(commands)].flatMap(({ examples }) => examples);
  assert.ok(ofReadme.length > 20 && ofHelp.length > 40);
  for (const line of [...ofReadme, ...ofHelp]) {
    const words = line
      .split(/ (?:[|<#]|>>?) /)
      .map(wordsOf)
      .find((part) => part.includes("novacore"));
    assert.ok(words !== undefined, line);
    const args = words.slice(words.indexOf("novacore") + 1);
    await assert.rejects(start(args), Understood, line);
  }
});

test("every command has a summary without a full stop, and an example that names it", () => {
  for (const { path, command } of pathsIn([], commands)) {
    const name = ["novacore", ...path].join(" ");
    assert.match(command.summary, /^[A-Z].*[^.]$/, name);
    assert.ok(
      command.examples.some((example) => example.includes(name)),
      name,
    );
  }
});

/** What was given has been read, and the command looks for something to begin with. */
class Understood extends Error {}

const context: Parameters<Command["start"]>[0] = new Proxy(Object.create(null), {
  get() {
    throw new Understood();
  },
});

async function start(args: readonly string[]): Promise<void> {
  const { entry, words } = readCommandLine(args, commands);
  if (entry.kind === "command") await entry.start(context, words);
}

/** As a shell splits it, as far as the examples go. */
function wordsOf(line: string): string[] {
  const words = line.match(/"[^"]*"|'[^']*'|\S+/g) ?? [];
  return words.map((word) => word.replaceAll(/^["']|["']$/g, ""));
}

function* pathsIn(
  path: readonly string[],
  group: Group,
): Generator<{ readonly path: readonly string[]; readonly command: Command }> {
  for (const [word, entry] of Object.entries<Entry>(group.entries)) {
    if (entry.kind === "command") yield { path: [...path, word], command: entry };
    else yield* pathsIn([...path, word], entry);
  }
}

function* commandsIn(group: Group): Generator<Command> {
  for (const { command } of pathsIn([], group)) yield command;
}

/** First cells to second cells of the table whose first title this is. */
function rowsUnder(markdown: string, title: string): Record<string, string> {
  const [, table = ""] = markdown.split(`| ${title} |`);
  const [, , ...rows] = (table.split("\n\n")[0] ?? "").trimEnd().split("\n");
  const cells = rows.map((row) => row.split("|").map((cell) => cell.trim().replaceAll("`", "")));
  return Object.fromEntries(cells.map(([, first = "", second = ""]) => [first, second]));
}

function sectionOf(help: string, title: string): Record<string, string> {
  const [, section = ""] = help.split(`\n${title}\n`);
  const rows = (section.split("\n\n")[0] ?? "").split("\n").map((row) => row.trim().split(/ {2,}/));
  return Object.fromEntries(rows.map(([first = "", second = ""]) => [first, second]));
}
