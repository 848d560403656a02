import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32, deflateRawSync } from "node:zlib";
import { unzipFile } from "./unzip.ts";

test("a file comes out of an archive as it went in, packed or stored", () => {
  const archive = zip([
    { name: "a/notes.txt", content: "n".repeat(1000), packed: false },
    { name: "a/scripts/program", content: "x".repeat(100_000), packed: true },
  ]);
  const text = (name: string) => unzipFile(archive, (entry) => entry === name).toString();
  assert.equal(text("a/notes.txt"), "n".repeat(1000));
  assert.equal(text("a/scripts/program"), "x".repeat(100_000));
});

test("an archive without the file, or none at all, is an error", () => {
  const archive = zip([{ name: "a", content: "x", packed: true }]);
  assert.throws(() => unzipFile(archive, (name) => name === "b"), /does not hold the file/);
  assert.throws(() => unzipFile(Buffer.from("<html>"), () => true), /not a zip archive/);
});

interface Entry {
  readonly name: string;
  readonly content: string;
  readonly packed: boolean;
}

/** A zip archive by the book (APPNOTE 6.3): local headers, central directory, its end. */
function zip(entries: readonly Entry[]): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  for (const { name, content, packed } of entries) {
    const data = packed ? deflateRawSync(content) : Buffer.from(content);
    const facts = Buffer.alloc(26);
    facts.writeUInt16LE(20, 0);
    facts.writeUInt16LE(packed ? 8 : 0, 4);
    facts.writeUInt32LE(crc32(content), 10);
    facts.writeUInt32LE(data.length, 14);
    facts.writeUInt32LE(content.length, 18);
    facts.writeUInt16LE(name.length, 22);
    const offset = Buffer.concat(locals).length;
    // A local extra field that the directory does not repeat.
    const localFacts = Buffer.from(facts);
    localFacts.writeUInt16LE(4, 24);
    locals.push(Buffer.from("PK\x03\x04"), localFacts, Buffer.from(name), Buffer.alloc(4), data);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(offset, 10);
    directory.push(Buffer.from("PK\x01\x02\x14\x00"), facts, place, Buffer.from(name));
  }
  const files = Buffer.concat(locals);
  const index = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", 0, "latin1");
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(index.length, 12);
  end.writeUInt32LE(files.length, 16);
  return Buffer.concat([files, index, end]);
}
