import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from "node:crypto";
import { CommandFailed } from "./failure.ts";

/** A key that proves who somebody is: Ed25519 for people, P-256 for machines. */
export interface PrivateKey {
  /** PKCS#8. A secret. */
  readonly pem: string;
  /** What the hub is told: a JWK without its private member. */
  readonly publicKey: { readonly kty: string; readonly crv: string; readonly x: string };
  /** What people tell one another: hex, as the hub shows it. */
  readonly publicKeyHex: string;
  /** Over the UTF-8 bytes, as the hub takes it: base64url of 64 bytes. */
  sign(text: string): string;
}

export function createKey(kind: "ed25519" | "p256"): PrivateKey {
  const pair =
    kind === "ed25519"
      ? generateKeyPairSync("ed25519")
      : generateKeyPairSync("ec", { namedCurve: "P-256" });
  return toKey(pair.privateKey, "The new key");
}

/** `content`: PKCS#8 PEM or a JWK. Throws CommandFailed, which says nothing of what it holds. */
export function readKey(content: string, source: string): PrivateKey {
  return toKey(parse(content, source), source);
}

function parse(content: string, source: string): KeyObject {
  try {
    const isJwk = content.trimStart().startsWith("{");
    if (isJwk) return createPrivateKey({ key: JSON.parse(content), format: "jwk" });
    return createPrivateKey(content);
  } catch {
    const message = `${source} holds no private key that can be read; give PKCS#8 PEM without a password, or a JWK.`;
    throw new CommandFailed(message); // the cause may quote the key
  }
}

function toKey(key: KeyObject, source: string): PrivateKey {
  const { kty = "", crv = "", x = "", y } = createPublicKey(key).export({ format: "jwk" });
  const isEd25519 = crv === "Ed25519";
  if (!isEd25519 && crv !== "P-256") {
    throw new CommandFailed(`${source} holds a key of another kind; give Ed25519 or P-256.`);
  }
  const members = [x, ...(y === undefined ? [] : [y])];
  return {
    pem: key.export({ type: "pkcs8", format: "pem" }).toString(),
    publicKey: { kty, crv, x, ...(y !== undefined && { y }) },
    publicKeyHex: members.map((part) => Buffer.from(part, "base64url").toString("hex")).join(""),
    sign(text) {
      const options = { key, dsaEncoding: "ieee-p1363" as const };
      return sign(isEd25519 ? null : "sha256", Buffer.from(text), options).toString("base64url");
    },
  };
}
