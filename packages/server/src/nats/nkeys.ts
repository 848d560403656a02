import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import { limits } from "../limits.ts";
import { remembered } from "../remembered.ts";

/**
 * NATS keys: Ed25519 in NATS's own spelling (base32 of kind, key and CRC-16). Written with
 * node:crypto because the JavaScript implementation that comes with the client costs 32 ms a
 * signature, this one 0.05 ms; logins are signed and verified by the thousand.
 */
export interface Nkey {
  /** `A…`, `U…` or `N…`: safe to show. */
  readonly publicKey: string;
  sign(data: string): Buffer;
}

export type NkeyKind = "account" | "user" | "server";

/** A new key, and the seed (`S…`) that brings it back: the seed is the secret. */
export function createNkey(kind: NkeyKind): { seed: string; key: Nkey } {
  const { d } = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
  if (d === undefined) throw new Error("node:crypto made an Ed25519 key without a private part");
  const prefix = prefixes[kind];
  const head = Buffer.from([seedPrefix | (prefix >> 5), (prefix & 31) << 3]);
  const seed = encode(Buffer.concat([head, Buffer.from(d, "base64url")]));
  return { seed, key: readSeed(seed, kind) };
}

/** The key of a seed. Throws an Error that does not repeat the seed when it is none of that kind. */
export function readSeed(seed: string, kind: NkeyKind): Nkey {
  const bytes = decode(seed);
  const prefix = prefixes[kind];
  if (
    bytes?.length !== 34 ||
    bytes[0] !== (seedPrefix | (prefix >> 5)) ||
    bytes[1] !== (prefix & 31) << 3
  ) {
    throw new Error(`not the seed of a NATS ${kind} key`);
  }
  const privateKey = createPrivateKey({
    key: Buffer.concat([pkcs8Head, bytes.subarray(2)]),
    format: "der",
    type: "pkcs8",
  });
  const { x } = createPublicKey(privateKey).export({ format: "jwk" });
  return {
    publicKey: encode(Buffer.concat([Buffer.from([prefix]), Buffer.from(x ?? "", "base64url")])),
    sign: (data) => sign(null, Buffer.from(data), privateKey),
  };
}

/** The public key that the text names; undefined when it is no key of that kind. */
export function readPublicKey(text: string, kind: NkeyKind): KeyObject | undefined {
  const bytes = decode(text);
  if (bytes?.length !== 33 || bytes[0] !== prefixes[kind]) return undefined;
  return keyOf(bytes.toString("hex", 1));
}

/** Whether a text is a public key of a kind; reading it as one takes ten times as long. */
export function isPublicKey(text: string, kind: NkeyKind): boolean {
  const bytes = decode(text);
  return bytes?.length === 33 && bytes[0] === prefixes[kind];
}

/** The same few servers ask for every login. */
const keyOf = remembered(limits.keyObjectsMax, (hex) =>
  createPublicKey({
    key: Buffer.concat([spkiHead, Buffer.from(hex, "hex")]),
    format: "der",
    type: "spki",
  }),
);

/** Whether `signature` is the key's over the text. */
export function verifyNkey(key: KeyObject, data: string, signature: Uint8Array): boolean {
  return signature.length === 64 && verify(null, Buffer.from(data), key, signature);
}

const seedPrefix = 18 << 3;
const prefixes = { account: 0, user: 20 << 3, server: 13 << 3 } as const satisfies Record<
  NkeyKind,
  number
>;
/** DER of an Ed25519 key up to its 32 bytes (RFC 8410). */
const pkcs8Head = Buffer.from("302e020100300506032b657004220420", "hex");
const spkiHead = Buffer.from("302a300506032b6570032100", "hex");

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

function encode(payload: Buffer): string {
  const crc = crc16(payload);
  let text = "";
  let bits = 0;
  let value = 0;
  for (const byte of [...payload, crc & 0xff, crc >> 8]) {
    value = ((value << 8) | byte) & 0xfff;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += alphabet[(value >> (bits - 5)) & 31];
  }
  return bits > 0 ? text + alphabet[(value << (5 - bits)) & 31] : text;
}

/** Undefined for anything but base32 with a right checksum. */
function decode(text: string): Buffer | undefined {
  if (text.length > 64) return undefined;
  const bytes: number[] = [];
  let bits = 0;
  let value = 0;
  for (const character of text) {
    const digit = alphabet.indexOf(character);
    if (digit < 0) return undefined;
    value = ((value << 5) | digit) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((value >> bits) & 0xff);
    }
  }
  const all = Buffer.from(bytes);
  if (all.length < 3) return undefined;
  const payload = all.subarray(0, -2);
  return all.readUInt16LE(payload.length) === crc16(payload) ? payload : undefined;
}

/** CRC-16/XMODEM. */
function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) {
      crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
    }
  }
  return crc;
}
