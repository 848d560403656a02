import { isUtf8 } from "node:buffer";
import { limits } from "../limits.ts";
import { type Refusal, refuse } from "./refusal.ts";

/** Members of a JSON object, before anything is known about them. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Reads one reading; anything but a JSON object of bounded size in UTF-8 is refused. */
export function decodeReading(payload: Uint8Array): JsonObject | Refusal {
  const bytes = payload.byteLength;
  if (bytes > limits.readingBytesMax) {
    const most = limits.readingBytesMax;
    return refuse("reading_too_large", `The reading has ${bytes} bytes; the limit is ${most}.`);
  }
  if (bytes === 0) return refuse("reading_malformed", "The reading is empty.");
  // Replacing broken characters would store something that nobody sent.
  if (!isUtf8(payload)) return refuse("reading_malformed", "The reading is not UTF-8.");
  const text = Buffer.from(payload.buffer, payload.byteOffset, bytes).toString();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return refuse("reading_malformed", `The reading is not JSON: ${error.message}.`);
  }
  return asReading(value);
}

/** The members of a parsed reading, or why it is none. */
function asReading(value: unknown): JsonObject | Refusal {
  if (isJsonObject(value)) return value;
  const kind = Array.isArray(value) ? "an array" : value === null ? "null" : `a ${typeof value}`;
  return refuse("reading_malformed", `The reading is ${kind}; it has to be a JSON object.`);
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
