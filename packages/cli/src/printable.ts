import { stripVTControlCharacters } from "node:util";

/**
 * Text as it came from elsewhere, as one line without what would move a terminal's cursor, colour it
 * or (U+202A to U+202E, U+2066 to U+2069) show letters in another order than they have.
 */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what it takes out
  const unseen = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;
  return stripVTControlCharacters(text).replaceAll(unseen, "");
}

/** The same, whose lines stay apart. */
export function printableLines(text: string): string {
  return text.split("\n").map(printable).join("\n");
}
