import { inflateRawSync } from "node:zlib";

/**
 * One file out of a zip archive in memory: just enough for a wheel (no zip64, no encryption). Throws
 * an Error when the archive is damaged or has no such file.
 */
export function unzipFile(archive: Buffer, wanted: (name: string) => boolean): Buffer {
  const end = archive.lastIndexOf(endOfDirectory);
  if (end < 0) throw new Error("not a zip archive");
  const entries = archive.readUInt16LE(end + 10);
  let at = archive.readUInt32LE(end + 16);
  for (let i = 0; i < entries; i++) {
    if (!archive.subarray(at, at + 4).equals(directoryEntry)) throw new Error("damaged archive");
    const nameLength = archive.readUInt16LE(at + 28);
    const name = archive.toString("utf8", at + 46, at + 46 + nameLength);
    if (wanted(name)) return readEntry(archive, at);
    at += 46 + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
  }
  throw new Error("the archive does not hold the file that was looked for");
}

const endOfDirectory = Buffer.from("PK\x05\x06", "latin1");
const directoryEntry = Buffer.from("PK\x01\x02", "latin1");

function readEntry(archive: Buffer, at: number): Buffer {
  const method = archive.readUInt16LE(at + 10);
  const packedBytes = archive.readUInt32LE(at + 20);
  const bytes = archive.readUInt32LE(at + 24);
  const local = archive.readUInt32LE(at + 42);
  // The local header repeats name and extra field, the latter often with another length.
  const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
  const packed = archive.subarray(start, start + packedBytes);
  if (method !== 0 && method !== 8) throw new Error(`unknown compression method ${method}`);
  const content =
    method === 0 ? Buffer.from(packed) : inflateRawSync(packed, { maxOutputLength: bytes });
  if (content.length !== bytes) throw new Error("damaged archive");
  return content;
}
