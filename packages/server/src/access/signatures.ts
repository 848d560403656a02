import { verify } from "node:crypto";
import { base64Bytes, hexBytes } from "./binary-text.ts";
import { type PublicKey, toKeyObject } from "./keys.ts";

/** A DER signature of P-256 takes at most 72 bytes: 144 hex digits. */
const signatureTextMax = 160;

/**
 * Whether `signature` is the key's over `message`: Ed25519, or ES256 (SHA-256) as r‖s or DER; each
 * as hex, base64 or base64url (wire contract §2). Never throws: what is no signature is not one.
 */
export function verifySignature(key: PublicKey, message: Uint8Array, signature: string): boolean {
  if (signature.length > signatureTextMax) return false;
  // A text of hex digits is base64 as well; only one of the two has a signature's length.
  return [hexBytes(signature), base64Bytes(signature)].some(
    (bytes) => bytes !== undefined && verifyBytes(key, message, bytes),
  );
}

function verifyBytes(key: PublicKey, message: Uint8Array, signature: Buffer): boolean {
  const keyObject = toKeyObject(key);
  if (key.algorithm === "Ed25519") {
    return signature.length === 64 && verify(null, message, keyObject, signature);
  }
  if (signature.length === 64) {
    return verify("sha256", message, { key: keyObject, dsaEncoding: "ieee-p1363" }, signature);
  }
  if (signature[0] !== derSequence) return false;
  return verify("sha256", message, { key: keyObject, dsaEncoding: "der" }, signature);
}

const derSequence = 0x30;
