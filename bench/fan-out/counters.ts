/** Counts the events in what a server sends, after the head of its answer. */
export interface Counter {
  take(bytes: Buffer): void;
}

/** Events of SSE: every line `data: …` is one. */
export class SseCounter implements Counter {
  readonly #onEvent: () => void;
  #rest: Buffer = Buffer.alloc(0);

  constructor(onEvent: () => void) {
    this.#onEvent = onEvent;
  }

  take(bytes: Buffer): void {
    const text = this.#rest.length > 0 ? Buffer.concat([this.#rest, bytes]) : bytes;
    let from = 0;
    for (;;) {
      const at = text.indexOf(dataLine, from);
      if (at < 0) break;
      this.#onEvent();
      from = at + dataLine.length;
    }
    this.#rest = Buffer.from(text.subarray(Math.max(from, text.length - dataLine.length + 1)));
  }
}

const dataLine = Buffer.from("\ndata: ");

/** Frames of a server (RFC 6455 §5.2), which are not masked and here never fragmented. */
export class FrameCounter implements Counter {
  readonly #onFrame: (opcode: number, body: Buffer) => void;
  #rest: Buffer = Buffer.alloc(0);

  constructor(onFrame: (opcode: number, body: Buffer) => void) {
    this.#onFrame = onFrame;
  }

  take(bytes: Buffer): void {
    const data = this.#rest.length > 0 ? Buffer.concat([this.#rest, bytes]) : bytes;
    let at = 0;
    while (data.length - at >= 2) {
      const short = (data[at + 1] ?? 0) & 0x7f;
      const bodyAt = at + (short === 126 ? 4 : short === 127 ? 10 : 2);
      if (data.length < bodyAt) break;
      const end = bodyAt + lengthAt(data, at, short);
      if (data.length < end) break;
      this.#onFrame((data[at] ?? 0) & 0x0f, data.subarray(bodyAt, end));
      at = end;
    }
    // A copy: what is left of a read must not keep all of it alive.
    this.#rest = Buffer.from(data.subarray(at));
  }
}

function lengthAt(data: Buffer, at: number, short: number): number {
  if (short === 126) return data.readUInt16BE(at + 2);
  return short === 127 ? data.readUIntBE(at + 4, 6) : short;
}

/** A frame of a client of less than 126 bytes. A mask of zeros leaves the text as it is. */
export function clientFrame(opcode: number, body: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | body.length, 0, 0, 0, 0]), body]);
}
