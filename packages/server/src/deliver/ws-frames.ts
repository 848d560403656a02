import { constants, deflateRawSync } from "node:zlib";
import type { ServerFrame } from "@novacore/protocol";
import { limits } from "../limits.ts";
import type { DeliveredEvent } from "./event.ts";

/** How a subscription's readings are written. */
export interface FrameForm {
  /** `readings`, several a frame; otherwise one `reading` each. */
  readonly isGathered: boolean;
  /** permessage-deflate was agreed on. */
  readonly isDeflated: boolean;
}

/**
 * Frames (RFC 6455 §5.2) from the server are the same bytes for everybody who gets the same, since
 * they are not masked: they are made once here and written to every socket as they are. A WebSocket
 * library frames a message anew for each of them.
 */
export function readingFrames(
  events: readonly DeliveredEvent[],
  id: string,
  form: FrameForm,
): Buffer {
  const frames = form.isGathered
    ? [gathered(events, id)]
    : events.map((event) => single(event, id));
  if (form.isDeflated) return join(frames.map((frame) => deflated(frame)));
  // The usual case: heads and bodies of all frames into one buffer, each byte copied once.
  return join(frames.flatMap((parts) => [head(lengthOf(parts), 0), ...parts]));
}

/** A control message of ours as one frame. */
export function textFrame(message: ServerFrame, form: Pick<FrameForm, "isDeflated">): Buffer {
  const parts = [Buffer.from(JSON.stringify(message))];
  return form.isDeflated ? deflated(parts) : join([head(lengthOf(parts), 0), ...parts]);
}

/** A ping without data. */
export const pingFrame = Buffer.from([0x89, 0]);

type Parts = readonly Uint8Array[];

function single(event: DeliveredEvent, id: string): Parts {
  const start = Buffer.from(`{"op":"reading","id":"${id}","cursor":"`, "latin1");
  return [start, event.cursorBytes, singleMiddle, event.payload, singleEnd];
}

function gathered(events: readonly DeliveredEvent[], id: string): Parts {
  const start = Buffer.from(`{"op":"readings","id":"${id}","cursor":"`, "latin1");
  const cursor = events.at(-1)?.cursorBytes ?? Buffer.alloc(0);
  const readings = events.flatMap(({ payload }, i) => (i === 0 ? [payload] : [comma, payload]));
  return [start, cursor, gatheredMiddle, ...readings, gatheredEnd];
}

const singleMiddle = Buffer.from('","reading":');
const singleEnd = Buffer.from("}");
const gatheredMiddle = Buffer.from('","readings":[');
const gatheredEnd = Buffer.from("]}");
const comma = Buffer.from(",");

/** FIN and text; RSV1 marks a compressed message (RFC 7692 §6). */
const firstByte = 0x81;
const rsv1 = 0x40;

function head(length: number, flags: number): Buffer {
  if (length < 126) return Buffer.from([firstByte | flags, length]);
  if (length < 65_536) return Buffer.from([firstByte | flags, 126, length >>> 8, length & 255]);
  const bytes = Buffer.alloc(10);
  bytes[0] = firstByte | flags;
  bytes[1] = 127;
  bytes.writeUIntBE(length, 4, 6);
  return bytes;
}

/**
 * Compresses one message by itself: without a context that lasts, a listener costs the hub no memory
 * for it, and what is compressed once is good for all.
 */
function deflated(parts: Parts): Buffer {
  const length = lengthOf(parts);
  if (length < limits.deflateBytesMin) return join([head(length, 0), ...parts]);
  const packed = deflateRawSync(join(parts), { level: 1, finishFlush: constants.Z_SYNC_FLUSH });
  // The mark of an empty block at the end is left out on the wire (RFC 7692 §7.2.1).
  const body = packed.subarray(0, packed.length - 4);
  return join([head(body.length, rsv1), body]);
}

function join(parts: Parts): Buffer {
  return Buffer.concat(parts);
}

function lengthOf(parts: Parts): number {
  let length = 0;
  for (const part of parts) length += part.length;
  return length;
}
