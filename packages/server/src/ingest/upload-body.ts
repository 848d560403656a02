import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { NovacoreError } from "@novacore/protocol";
import { limits } from "../limits.ts";
import { decodeReading, type JsonObject } from "./decode.ts";
import { Refusal, refuse, shown } from "./refusal.ts";
import { isBlank, splitArray } from "./split-array.ts";

/**
 * One reading of an upload: the reading's own members, and beside them `hardware_id` and `der`
 * (name or type; default the reading's `type`), which the subject carries elsewhere.
 */
export interface UploadItem {
  readonly hardwareId: string;
  readonly der: string;
  readonly reading: JsonObject | Refusal;
  /** The bytes as they came. */
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
 * Takes a body apart into the bytes of its readings, each for `readItem`. What cannot be read is
 * refused alone as far as readings can be told apart; an array that does not end throws
 * `malformed_request`, as does an empty body.
 */
export function readUpload(body: Uint8Array, form: UploadForm): readonly Uint8Array[] {
  if (body.byteLength > limits.uploadBytesMax) throw tooLarge(`${body.byteLength} bytes`);
  const items = form === "ndjson" ? readLines(body) : readJson(withoutMark(body), form);
  if (items.length > limits.batchReadingsMax) throw tooLarge(`${items.length} readings`);
  if (items.length === 0) {
    throw new NovacoreError("malformed_request", "The body holds no reading.");
  }
  return items;
}

/** One reading of an upload. Parsing is the costly part: a few at a time, and others in between. */
export function readItem(bytes: Uint8Array): UploadItem {
  const original = () => bytes;
  const element = decodeReading(bytes);
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

function tooLarge(size: string): NovacoreError {
  const { batchReadingsMax, uploadBytesMax } = limits;
  const most = `${batchReadingsMax} readings or ${uploadBytesMax} bytes unpacked`;
  return new NovacoreError("payload_too_large", `The upload has ${size}; the limit is ${most}.`);
}

function readJson(body: Uint8Array, form: UploadForm): readonly Uint8Array[] {
  const elements = splitArray(body, limits.batchReadingsMax);
  if (elements !== undefined) return elements;
  if (body.byteLength > limits.readingBytesMax) {
    // Too large for one reading: lines of many, or refused as one. Parsing could take a second.
    if (body[0] === openBrace) return form === "any" ? readLines(body) : [body];
    throw new NovacoreError("malformed_request", "The body is no JSON array that ends as one.");
  }
  try {
    JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
    return [body];
  } catch (cause) {
    // Several lines of objects are no JSON, and every line of theirs is.
    if (form === "any" && body[0] === openBrace) return readLines(body);
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new NovacoreError("malformed_request", `The body is not JSON: ${reason}.`, { cause });
  }
}

/** Some write a byte order mark before JSON. */
function withoutMark(body: Uint8Array): Uint8Array {
  return body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? body.subarray(3) : body;
}

const openBrace = 0x7b;
const lineFeed = 0x0a;

function readLines(body: Uint8Array): readonly Uint8Array[] {
  const lines: Uint8Array[] = [];
  // Each costs as much as a short reading.
  let blanks = 0;
  for (let start = 0; start < body.byteLength; ) {
    const found = body.indexOf(lineFeed, start);
    const end = found === -1 ? body.byteLength : found;
    const line = body.subarray(start, end);
    start = end + 1;
    if (line.every(isBlank)) {
      blanks++;
      if (blanks > limits.batchReadingsMax) throw tooLarge(`more than ${blanks - 1} blank lines`);
      continue;
    }
    lines.push(line);
    // Enough to be refused; the rest is not worth the work.
    if (lines.length > limits.batchReadingsMax) break;
  }
  return lines;
}

function missing(member: string, value: unknown): Refusal | undefined {
  if (typeof value === "string" && value !== "" && value.length <= nameLengthMax) return undefined;
  const why = `${member} is ${shown(value)}; each reading of an upload has to say whose it is.`;
  return refuse("reading_invalid", why, member);
}

const nameLengthMax = 256;
