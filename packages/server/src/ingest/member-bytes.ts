import { endOfText, skipBlank } from "./split-array.ts";

/**
 * The bytes of a member of a JSON object, as they stand in it; undefined when it has none of that
 * name. `json` has been parsed before and found good; of several members of one name the last
 * counts, as it does for JSON.parse. A name that is written with escapes is not found.
 */
export function memberBytes(json: Uint8Array, name: string): Uint8Array | undefined {
  let found: Uint8Array | undefined;
  let index = skipBlank(json, skipBlank(json, 0) + 1);
  while (index < json.byteLength && json[index] === quote) {
    const nameEnd = endOfText(json, index);
    const isIt = text(json.subarray(index + 1, nameEnd)) === name;
    // Over the closing quote and the colon.
    const start = skipBlank(json, skipBlank(json, nameEnd + 1) + 1);
    const end = endOfValue(json, start);
    if (isIt) found = json.subarray(start, end);
    index = skipBlank(json, skipBlank(json, end) + 1);
  }
  return found;
}

function endOfValue(json: Uint8Array, start: number): number {
  let depth = 0;
  for (let index = start; index < json.byteLength; index++) {
    const byte = json[index];
    if (byte === quote) index = endOfText(json, index);
    else if (byte === openBrace || byte === openBracket) depth++;
    else if (byte === closeBrace || byte === closeBracket) depth--;
    if (depth < 0 || (depth === 0 && byte === comma)) return index;
  }
  return json.byteLength;
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}

const quote = 0x22;
const comma = 0x2c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
