import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { NovacoreError } from "@novacore/protocol";
import { limits } from "../limits.ts";
import { asReading, decodeReading, type JsonObject } from "./decode.ts";
import { Refusal, refuse, shown } from "./refusal.ts";

/**
 * One reading of an upload: the reading's own members, and beside them `hardware_id` and `der`
 * (name or type; default the reading's `type`), which the subject carries elsewhere.
 */
export interface UploadItem {
  readonly hardwareId: string;
  readonly der: string;
  readonly reading: JsonObject | Refusal;
  /** The bytes as they came, or where they stood inside an array, the same JSON again. */
  readonly original: () => Uint8Array;
}

/** `any`: told from the body itself, for transports without a content type. */
export type UploadForm = "json" | "ndjson" | "any";

/**
 * Unpacks gzip, at most to uploadBytesMax. Throws `malformed_request` or `payload_too_large`.
 */
export async function unpack(body: Uint8Array): Promise<Uint8Array> {
  try {
    return await gunzipped(body, { maxOutputLength: limits.uploadBytesMax });
  } catch (cause) {
    if (cause instanceof RangeError) throw tooLarge(`more than ${limits.uploadBytesMax} bytes`);
    const message = "The body is not gzip, though it says so or looks like it.";
    throw new NovacoreError("malformed_request", message, { cause });
  }
}

const gunzipped = promisify(gunzip);

export function isGzip(body: Uint8Array): boolean {
  return body[0] === 0x1f && body[1] === 0x8b;
}

/**
 * Takes a body apart. A line of NDJSON that cannot be read is refused alone; an array that cannot
 * be read has no lines to tell apart and throws `malformed_request`, as does an empty body.
 */
export function readUpload(body: Uint8Array, form: UploadForm): readonly UploadItem[] {
  if (body.byteLength > limits.uploadBytesMax) throw tooLarge(`${body.byteLength} bytes`);
  const items = form === "ndjson" ? readLines(body) : readJson(body, form);
  if (items.length > limits.batchReadingsMax) throw tooLarge(`${items.length} readings`);
  if (items.length === 0) {
    throw new NovacoreError("malformed_request", "The body holds no reading.");
  }
  return items;
}

function tooLarge(size: string): NovacoreError {
  const { batchReadingsMax, uploadBytesMax } = limits;
  const most = `${batchReadingsMax} readings or ${uploadBytesMax} bytes unpacked`;
  return new NovacoreError("payload_too_large", `The upload has ${size}; the limit is ${most}.`);
}

function readJson(body: Uint8Array, form: UploadForm): readonly UploadItem[] {
  assertParsable(body);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (cause) {
    // Several lines of objects are no JSON, and every line of theirs is.
    if (form === "any" && body[0] === openBrace) return readLines(body);
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new NovacoreError("malformed_request", `The body is not JSON: ${reason}.`, { cause });
  }
  if (!Array.isArray(value)) return [itemOf(asReading(value), () => body)];
  if (value.length > limits.batchReadingsMax) throw tooLarge(`${value.length} readings`);
  return value.map((element: unknown) =>
    itemOf(asReading(element), () => Buffer.from(JSON.stringify(element))),
  );
}

/**
 * What is few bytes can be much in memory: 16 MiB of `[` are a gigabyte of arrays. And who walks
 * what is nested a hundred thousand deep overflows the stack.
 */
function assertParsable(body: Uint8Array): void {
  let depth = 0;
  let brackets = 0;
  let inText = false;
  for (let index = 0; index < body.byteLength; index++) {
    const byte = body[index];
    if (byte === quote) inText = !inText;
    else if (inText) index += byte === backslash ? 1 : 0;
    else if (byte === openBrace || byte === openBracket) {
      brackets++;
      depth++;
      if (depth > bodyDepthMax) {
        const message = `The body is nested deeper than ${bodyDepthMax} levels.`;
        throw new NovacoreError("malformed_request", message);
      }
    } else if (byte === closeBrace || byte === closeBracket) depth--;
  }
  if (brackets > bodyBracketsMax) throw tooLarge(`${brackets} objects and lists`);
}

/** Far beyond what a reading may have, so that one that is too deep is still refused alone. */
const bodyDepthMax = 1_000;
const bodyBracketsMax = 64 * limits.batchReadingsMax;

const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const lineFeed = 0x0a;

function readLines(body: Uint8Array): readonly UploadItem[] {
  const items: UploadItem[] = [];
  // Each costs as much as a short reading.
  let blanks = 0;
  for (let start = 0; start < body.byteLength; ) {
    const found = body.indexOf(lineFeed, start);
    const end = found === -1 ? body.byteLength : found;
    const line = body.subarray(start, end);
    start = end + 1;
    if (isBlank(line)) {
      blanks++;
      if (blanks > limits.batchReadingsMax) throw tooLarge(`more than ${blanks - 1} blank lines`);
      continue;
    }
    items.push(itemOf(decodeReading(line), () => line));
    // Enough to be refused; the rest is not worth the work.
    if (items.length > limits.batchReadingsMax) break;
  }
  return items;
}

function isBlank(line: Uint8Array): boolean {
  return line.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
}

function itemOf(element: JsonObject | Refusal, original: () => Uint8Array): UploadItem {
  if (element instanceof Refusal) return { hardwareId: "", der: "", reading: element, original };
  const { hardware_id: hardwareId, der, ...reading } = element;
  const name = der ?? reading.type;
  const fault = missing("hardware_id", hardwareId) ?? missing("der", name);
  return {
    hardwareId: typeof hardwareId === "string" ? hardwareId : "",
    der: typeof name === "string" ? name : "",
    reading: fault ?? reading,
    original,
  };
}

function missing(member: string, value: unknown): Refusal | undefined {
  if (typeof value === "string" && value !== "" && value.length <= nameLengthMax) return undefined;
  const why = `${member} is ${shown(value)}; each reading of an upload has to say whose it is.`;
  return refuse("reading_invalid", why, member);
}

const nameLengthMax = 256;
