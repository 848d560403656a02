import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from "node:crypto";

/** Somebody with an Ed25519 key, as people's apps hold one. */
export interface Person {
  readonly privateKey: KeyObject;
  /** 32 bytes in base64url. */
  readonly publicKey: string;
  /** Ed25519 over the UTF-8 bytes, in base64url. */
  sign(text: string): string;
}

/** `privateKeyPem`: PKCS#8; default: a new key. */
export function createPerson(options: { readonly privateKeyPem?: string } = {}): Person {
  const { privateKeyPem } = options;
  const privateKey =
    privateKeyPem === undefined
      ? generateKeyPairSync("ed25519").privateKey
      : createPrivateKey(privateKeyPem);
  const { x = "" } = createPublicKey(privateKey).export({ format: "jwk" });
  return {
    privateKey,
    publicKey: x,
    sign: (text) => sign(null, Buffer.from(text), privateKey).toString("base64url"),
  };
}
