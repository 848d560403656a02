import type { DeliveredEvent } from "./event.ts";
import { type FrameForm, readingFrames } from "./ws-frames.ts";

/**
 * Readings that travel together: what one group of listeners got in one turn of the event loop.
 * The joined bytes are made once per wire form and shared by all of them, so that four readings of
 * a home that were stored together cost each listener one write. WebSocket frames hold the client's
 * own name of its subscription: they are shared by all who chose the same.
 */
export class EventBatch {
  readonly events: readonly DeliveredEvent[];
  readonly bytes: number;
  #chunked: Buffer | undefined;
  #plain: Buffer | undefined;
  /** By form, then by name: one key of both would be a new string for every listener. */
  #frames: Map<string, Buffer>[] | undefined;

  constructor(events: readonly DeliveredEvent[]) {
    this.events = events;
    let bytes = 0;
    for (const event of events) bytes += event.chunk.length;
    this.bytes = bytes;
  }

  /** Positions never fall within a batch: the first is the lowest. */
  get firstPosition(): number {
    return this.events[0]?.position ?? 0;
  }

  get lastPosition(): number {
    return this.events.at(-1)?.position ?? 0;
  }

  /** SSE events, each framed as one HTTP/1.1 chunk. */
  get chunked(): Buffer {
    this.#chunked ??= join(this.events.map((event) => event.chunk));
    return this.#chunked;
  }

  /** SSE events without chunk framing. */
  get plain(): Buffer {
    this.#plain ??= join(this.events.map((event) => event.body));
    return this.#plain;
  }

  /** WebSocket frames for the subscription of this name. */
  frames(id: string, form: FrameForm): Buffer {
    const ofForm = this.#framesOf(form);
    let frames = ofForm.get(id);
    if (frames === undefined) {
      frames = readingFrames(this.events, id, form);
      ofForm.set(id, frames);
    }
    return frames;
  }

  #framesOf({ isGathered, isDeflated }: FrameForm): Map<string, Buffer> {
    this.#frames ??= [];
    const kind = (isGathered ? 2 : 0) + (isDeflated ? 1 : 0);
    this.#frames[kind] ??= new Map();
    return this.#frames[kind];
  }

  /** What lies after a position: for a listener that was ahead of this hub's feed. */
  after(position: number): EventBatch {
    return new EventBatch(this.events.filter((event) => event.position > position));
  }

  ofSites(siteIds: ReadonlySet<string>): EventBatch {
    return new EventBatch(this.events.filter(({ address }) => siteIds.has(address.siteId)));
  }
}

function join(parts: readonly Buffer[]): Buffer {
  const [first] = parts;
  return parts.length === 1 && first !== undefined ? first : Buffer.concat(parts);
}
