import { crc32 } from "node:zlib";
import type { SpoolFile, SpoolFolder } from "./spool-folder.ts";

/**
 * How far a spool is settled, in two places that are written in turn, each with a checksum: one that
 * was cut off leaves the other. It is synced before a segment is removed, and not each time: after a
 * power cut an older position only means that some readings are sent again, and the hub drops the
 * copies.
 */
export class SpoolPosition {
  readonly #file: SpoolFile;
  #place: number;
  /** The first sequence that is not settled; 0: that is not known. */
  readonly start: number;

  private constructor(file: SpoolFile, start: number, place: number) {
    this.#file = file;
    this.start = start;
    this.#place = place;
  }

  static async open(folder: SpoolFolder): Promise<SpoolPosition> {
    const file = await folder.open(positionName);
    const bytes = await file.read(0, 2 * placeBytes);
    const [first, second] = [readPlace(bytes, 0), readPlace(bytes, 1)];
    // The one that is written next is the older one.
    return new SpoolPosition(file, Math.max(first, second), first > second ? 1 : 0);
  }

  async write(sequence: number): Promise<void> {
    const place = Buffer.alloc(placeBytes);
    place.writeDoubleLE(sequence, 0);
    place.writeUInt32LE(crc32(place.subarray(0, 8)), 8);
    const at = this.#place * placeBytes;
    this.#place = 1 - this.#place;
    await this.#file.write(place, at);
  }

  /** Resolves once what was written survives a power cut. */
  sync(): Promise<void> {
    return this.#file.sync();
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

const positionName = "position";
const placeBytes = 16;
const none = 0;

function readPlace(bytes: Buffer, place: number): number {
  const at = place * placeBytes;
  if (bytes.length < at + placeBytes) return none;
  const isSound = bytes.readUInt32LE(at + 8) === crc32(bytes.subarray(at, at + 8));
  return isSound ? bytes.readDoubleLE(at) : none;
}
