/**
 * The bytes of each element of a JSON array, found by its brackets and quotes alone: what an element
 * holds is for whoever parses it to judge. Parsing the array at once would stop the hub for seconds
 * and take a gigabyte, where a body is made for that. At most `countMax` + 1 elements; undefined when
 * the body is no array from its first to its last byte.
 */
export function splitArray(body: Uint8Array, countMax: number): Uint8Array[] | undefined {
  const elements: Uint8Array[] = [];
  let index = skipBlank(body, 0);
  if (body[index] !== openBracket) return undefined;
  let start = index + 1;
  let depth = 0;
  for (; index < body.byteLength; index++) {
    const byte = body[index];
    if (byte === quote) index = endOfText(body, index);
    else if (byte === openBrace || byte === openBracket) depth++;
    else if (byte === closeBrace || byte === closeBracket) depth--;
    else if (byte !== comma || depth !== 1) continue;
    if (depth > 1 || (depth === 1 && byte !== comma)) continue;
    const from = skipBlank(body, start);
    const isEmptyArray = depth === 0 && elements.length === 0 && from === index;
    if (from === index && !isEmptyArray) return undefined;
    if (!isEmptyArray) elements.push(body.subarray(from, index));
    start = index + 1;
    if (elements.length > countMax) return elements;
    if (depth === 0) return skipBlank(body, start) === body.byteLength ? elements : undefined;
  }
  return undefined;
}

/** Where the text that begins here ends: its closing quote, or the end of the body. */
export function endOfText(body: Uint8Array, start: number): number {
  let index = start + 1;
  while (index < body.byteLength && body[index] !== quote) {
    index += body[index] === backslash ? 2 : 1;
  }
  return index;
}

export function skipBlank(body: Uint8Array, start: number): number {
  let index = start;
  while (index < body.byteLength && isBlank(body[index])) index++;
  return index;
}

/** The white space of JSON. */
export function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}

const quote = 0x22;
const comma = 0x2c;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
