import { createPublicKey, type KeyObject } from "node:crypto";
import { NovacoreError } from "@novacore/protocol";
import { limits } from "../limits.ts";
import { remembered } from "../remembered.ts";
import { base58Bytes, base64Bytes, hexBytes } from "./binary-text.ts";
import { isEd25519Point } from "./ed25519.ts";

/** A public key in the one form that the registry keeps. */
export interface PublicKey {
  readonly algorithm: "ES256" | "Ed25519";
  /** Lower-case hex: X‖Y for P-256 (128 digits), the 32 bytes for Ed25519 (64 digits). */
  readonly hex: string;
}

/** The longest text that can be a key: a PEM or JWK of P-256 takes a fourth of it. */
const keyTextMax = 2_048;

/**
 * Reads a public key in any form of wire contract §2: P-256 as hex or base64(url) of X‖Y or 04‖X‖Y,
 * PEM, SPKI or JWK; Ed25519 as base64(url), hex or base58 of its 32 bytes, PEM, SPKI or JWK. The
 * point is checked to be on its curve. Throws `key_invalid`.
 *
 * One text in about 150 is a valid Ed25519 key both as base58 and as unpadded base64url. Then there
 * are two readings, and whoever registers the text owns both: nobody can hold the private key of
 * the one he did not mean. Every other text has one reading.
 */
export function readPublicKeys(input: unknown): readonly [PublicKey, ...PublicKey[]] {
  const candidates = typeof input === "string" ? readText(input.trim()) : [readJwk(input)];
  const [first, ...others] = candidates.filter((key) => key !== undefined);
  if (first === undefined) throw new NovacoreError("key_invalid");
  return [first, ...others.filter((key) => key.hex !== first.hex)];
}

/** A key from the registry, ready to verify with. */
export function toKeyObject({ algorithm, hex }: PublicKey): KeyObject {
  return algorithm === "ES256" ? ellipticKey(hex) : edwardsKey(hex);
}

/** Reading a key takes a third of verifying with it, and gateways come back with the same one. */
const ellipticKey = remembered(limits.keyObjectsMax, (hex) =>
  createPublicKey({ key: ellipticJwk(Buffer.from(hex, "hex")), format: "jwk" }),
);
const edwardsKey = remembered(limits.keyObjectsMax, (hex) => {
  const x = Buffer.from(hex, "hex").toString("base64url");
  return createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
});

/** The key that a canonical form stands for. */
export function fromCanonical(hex: string): PublicKey {
  return { algorithm: hex.length === 128 ? "ES256" : "Ed25519", hex };
}

/** The Ed25519 key of a public nkey (`U` and 55 base32 digits); undefined when it is none. */
export function fromNkey(nkey: string): PublicKey | undefined {
  if (!/^U[A-Z2-7]{55}$/.test(nkey)) return undefined;
  let bits = 0n;
  for (const digit of nkey) bits = bits * 32n + BigInt(base32.indexOf(digit));
  // 35 bytes: a prefix for users, the key, and a checksum that is not ours to check: a key that is
  // not registered is refused, whatever its checksum says.
  const bytes = Buffer.from(bits.toString(16).padStart(70, "0"), "hex");
  return fromPoint(bytes.subarray(1, 33));
}

const base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

function readText(text: string): (PublicKey | undefined)[] {
  if (text.length > keyTextMax) return [];
  if (text.startsWith("{")) return [readJwk(parseJson(text))];
  // Only public keys: Node would take the public half of a private one, and whoever sends a private
  // key must learn that it was wrong to.
  if (text.startsWith("-----BEGIN PUBLIC KEY-----")) return [fromSpki(text, "pem")];
  const hex = hexBytes(text);
  if (hex !== undefined) return [fromPoint(hex)];
  const base64 = base64Bytes(text);
  const base58 = base58Bytes(text);
  return [
    base64 && (fromPoint(base64) ?? fromSpki(base64, "der")),
    base58?.length === 32 ? fromPoint(base58) : undefined,
  ];
}

function fromPoint(bytes: Buffer): PublicKey | undefined {
  if (bytes.length === 32) {
    return isEd25519Point(bytes) ? { algorithm: "Ed25519", hex: bytes.toString("hex") } : undefined;
  }
  if (bytes.length === 65 && bytes[0] === 0x04) return fromPoint(bytes.subarray(1));
  if (bytes.length !== 64) return undefined;
  const key: PublicKey = { algorithm: "ES256", hex: bytes.toString("hex") };
  // OpenSSL refuses to import a point that is not on the curve.
  return imports({ key: ellipticJwk(bytes), format: "jwk" }) ? key : undefined;
}

const ellipticJwk = (bytes: Buffer) => ({
  kty: "EC",
  crv: "P-256",
  x: bytes.subarray(0, 32).toString("base64url"),
  y: bytes.subarray(32).toString("base64url"),
});

function fromSpki(key: string | Buffer, format: "pem" | "der"): PublicKey | undefined {
  const imported = imports(
    typeof key === "string" ? { key, format: "pem" } : { key, format, type: "spki" },
  );
  return imported && readJwk(imported.export({ format: "jwk" }));
}

function readJwk(jwk: unknown): PublicKey | undefined {
  if (typeof jwk !== "object" || jwk === null || "d" in jwk) return undefined;
  const { kty, crv, x, y }: Readonly<Record<string, unknown>> = { ...jwk };
  if (kty === "OKP" && crv === "Ed25519") return fromCoordinates([x]);
  if (kty === "EC" && crv === "P-256") return fromCoordinates([x, y]);
  return undefined;
}

function fromCoordinates(texts: readonly unknown[]): PublicKey | undefined {
  const parts: Buffer[] = [];
  for (const text of texts) {
    const part = typeof text === "string" ? base64Bytes(text) : undefined;
    if (part?.length !== 32) return undefined;
    parts.push(part);
  }
  return fromPoint(Buffer.concat(parts));
}

function imports(key: Parameters<typeof createPublicKey>[0]): KeyObject | undefined {
  try {
    return createPublicKey(key);
  } catch {
    // OpenSSL tells a malformed key only by throwing; which way it is malformed helps nobody.
    return undefined;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Not JSON, hence not a JWK: the caller answers key_invalid.
  }
}
