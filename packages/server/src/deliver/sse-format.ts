/** The lines of Server-Sent Events that are not readings, and the framing of an HTTP/1.1 chunk. */

/** `: text`: keep-alives and notices that no client mistakes for a reading. */
export function comment(text: string): string {
  return `: ${field(text, "comment")}\n\n`;
}

/** A named event; only for listeners that asked for them, as some clients parse every event. */
export function namedEvent(name: string, data: unknown): string {
  return `event: ${field(name, "event")}\ndata: ${field(JSON.stringify(data), "data")}\n\n`;
}

/** Sets the client's Last-Event-ID without an event: no `data:`, so nothing is dispatched. */
export function position(cursor: string): string {
  return `id: ${field(cursor, "id")}\n\n`;
}

/** How long EventSource waits before it reconnects. */
export function retry(milliseconds: number): string {
  return `retry: ${Math.round(milliseconds)}\n\n`;
}

/** One chunk of `Transfer-Encoding: chunked`. */
export function chunk(text: string): Buffer {
  return Buffer.from(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`);
}

/** The end of a chunked body. */
export const lastChunk = Buffer.from("0\r\n\r\n");

/** Event splitting: a line break in a field would let its author forge further fields and events. */
function field(text: string, name: string): string {
  if (/[\r\n\0]/.test(text)) {
    throw new RangeError(`SSE ${name} holds CR, LF or NUL: refused, as it could split an event`);
  }
  return text;
}
