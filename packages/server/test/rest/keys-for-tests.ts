import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";

/** A key pair of a person (Ed25519) or a machine (P-256), and what clients do with it. */
export interface TestKey {
  readonly privateKey: KeyObject;
  /** As clients send it: 32 bytes in base64url, or 128 hex digits. */
  readonly publicText: string;
  sign(message: string): string;
  /** A JWT signed by this key, as gateways log in with. */
  jwt(header: object, payload: object): string;
}

export function personKey(): TestKey {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const publicText = publicKey.export({ format: "jwk" }).x ?? "";
  return testKey(privateKey, publicText, (message) => sign(null, Buffer.from(message), privateKey));
}

export function machineKey(): TestKey {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { x = "", y = "" } = publicKey.export({ format: "jwk" });
  const publicText = [x, y].map((part) => Buffer.from(part, "base64url").toString("hex")).join("");
  return testKey(privateKey, publicText, (message) =>
    sign("sha256", Buffer.from(message), { key: privateKey, dsaEncoding: "ieee-p1363" }),
  );
}

function testKey(
  privateKey: KeyObject,
  publicText: string,
  signBytes: (message: string) => Buffer,
): TestKey {
  return {
    privateKey,
    publicText,
    sign: (message) => signBytes(message).toString("base64url"),
    jwt: (header, payload) => {
      const input = [{ alg: "ES256", typ: "JWT", ...header }, payload]
        .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
        .join(".");
      return `${input}.${signBytes(input).toString("base64url")}`;
    },
  };
}

/** The message that a gateway signs to be claimed. */
export function claimMessage(parts: {
  readonly claimerId: string;
  readonly serial: string;
  readonly nonce?: string;
  readonly timestamp?: string;
}): string {
  const nonce = parts.nonce ?? crypto.randomUUID();
  const timestamp = parts.timestamp ?? String(Math.floor(Date.now() / 1000));
  return [parts.claimerId, nonce, timestamp, parts.serial].join("|");
}
