import { type EnrichedAddress, encodeCursor } from "@novacore/protocol";
import { timestampOf } from "./newest.ts";

/**
 * One stored reading on its way to listeners. Its bytes are framed once, when it arrives, and
 * shared by everybody who gets it: the chunk below holds the SSE event, and inside it the payload.
 */
export class DeliveredEvent {
  /** Sequence in ENRICHED_TELEMETRY. */
  readonly sequence: number;
  /**
   * The sequence its cursor shows. It is `sequence`, except for a reading that was repaired late:
   * that one carries the position the stream had reached, so that cursors never run backwards.
   */
  readonly position: number;
  readonly address: EnrichedAddress;
  /** `{hex}\r\nid: …\ndata: …\n\n\r\n`: one HTTP/1.1 chunk holding one SSE event. */
  readonly chunk: Buffer;
  readonly #bodyStart: number;
  readonly #payloadStart: number;
  #timestampMs: number | undefined;

  constructor(
    epoch: number,
    sequence: number,
    address: EnrichedAddress,
    payload: Uint8Array,
    position = sequence,
  ) {
    assertSingleLine(payload, sequence);
    this.sequence = sequence;
    this.position = position;
    this.address = address;
    const head = `id: ${encodeCursor({ epoch, sequence: position })}\ndata: `;
    const bodyBytes = head.length + payload.length + 2;
    const size = `${bodyBytes.toString(16)}\r\n`;
    this.#bodyStart = size.length;
    this.#payloadStart = size.length + head.length;
    // Not from the shared pool of Buffer: a ring would keep 64 KiB alive for each reading.
    this.chunk = Buffer.allocUnsafeSlow(size.length + bodyBytes + 2);
    this.chunk.write(size + head, "latin1");
    this.chunk.set(payload, this.#payloadStart);
    this.chunk.write("\n\n\r\n", this.#payloadStart + payload.length, "latin1");
  }

  /** The SSE event without HTTP chunk framing, as HTTP/1.0 clients get it. */
  get body(): Buffer {
    return this.chunk.subarray(this.#bodyStart, this.chunk.length - 2);
  }

  /** The reading, as JSON bytes. */
  get payload(): Buffer {
    return this.chunk.subarray(this.#payloadStart, this.chunk.length - 4);
  }

  /** The cursor, as the bytes that stand in the event. */
  get cursorBytes(): Buffer {
    return this.chunk.subarray(this.#bodyStart + idBytes, this.#payloadStart - dataBytes);
  }

  get payloadBytes(): number {
    return this.chunk.length - 4 - this.#payloadStart;
  }

  /** Copies the reading; gives where it ends. Cutting a slice first costs more than the copy. */
  copyPayload(target: Buffer, at: number): number {
    return at + this.chunk.copy(target, at, this.#payloadStart, this.chunk.length - 4);
  }

  /** Copies the cursor; gives where it ends. */
  copyCursor(target: Buffer, at: number): number {
    const start = this.#bodyStart + idBytes;
    return at + this.chunk.copy(target, at, start, this.#payloadStart - dataBytes);
  }

  get cursorLength(): number {
    return this.#payloadStart - dataBytes - this.#bodyStart - idBytes;
  }

  /** The canonical type: ingest guarantees that a payload starts with `{"type":"…"`. */
  get type(): string {
    const start = this.#payloadStart + typePrefix.length;
    const end = this.chunk.indexOf(quote, start);
    return end < 0 ? "" : this.chunk.toString("latin1", start, end);
  }

  /** The reading's own clock, epoch ms, which stands second in the payload; 0 if it does not. */
  get timestampMs(): number {
    this.#timestampMs ??= timestampOf(this.payload);
    return this.#timestampMs;
  }

  /** When the hub got it, epoch ms, which stands last in the payload; 0 if it does not. */
  get receivedAtMs(): number {
    const { chunk } = this;
    let at = chunk.length - "}\n\n\r\n".length - 1;
    let milliseconds = 0;
    // Digit by digit from the end: this runs once per reading, and a string of it costs ten times.
    for (let unit = 1; unit < 1e16; unit *= 10, at--) {
      const digit = (chunk[at] ?? 0) - zero;
      if (digit < 0 || digit > 9) break;
      milliseconds += digit * unit;
    }
    return chunk[at] === colon && chunk[at - 1] === quote ? milliseconds : 0;
  }
}

const idBytes = "id: ".length;
const dataBytes = "\ndata: ".length;
const typePrefix = '{"type":"';
const quote = '"'.charCodeAt(0);
const colon = ":".charCodeAt(0);
const zero = "0".charCodeAt(0);

const forbiddenBytes = [0x0a, 0x0d, 0x00];

/**
 * Event splitting: a line break inside an SSE field would let whoever wrote the payload forge
 * `event:`, `id:` or a whole further event. Stored readings are JSON on one line, so a raw CR, LF
 * or NUL in one is an attack or a fault, and never delivered.
 */
function assertSingleLine(payload: Uint8Array, sequence: number): void {
  // Buffer's search is memchr; an array's would look at one byte after the other.
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
  for (const forbidden of forbiddenBytes) {
    if (bytes.indexOf(forbidden) >= 0) {
      throw new RangeError(
        `message ${sequence} holds a raw byte ${forbidden}: refused, as it could split an SSE event`,
      );
    }
  }
}
