import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
  sign,
} from "node:crypto";
import { link, mkdir, open, readFile, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { NovacoreError } from "../errors.ts";

/** A gateway's P-256 key. It signs, and does not show itself but to `toPem`. */
export class GatewayKey {
  readonly #privateKey: KeyObject;
  /** X‖Y as 128 hex digits: the form that gateways print on their label. */
  readonly publicKey: string;

  private constructor(privateKey: KeyObject) {
    this.#privateKey = privateKey;
    const { x = "", y = "" } = createPublicKey(privateKey).export({ format: "jwk" });
    const point = [Buffer.from(x, "base64url"), Buffer.from(y, "base64url")];
    this.publicKey = Buffer.concat(point).toString("hex");
  }

  static generate(): GatewayKey {
    return new GatewayKey(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey);
  }

  /** Throws NovacoreError `options_invalid` for what is no private key on P-256. */
  static fromPem(pem: string): GatewayKey {
    return new GatewayKey(readPrivateKey(pem));
  }

  /**
   * The key in the file; one is made and written (mode 0600) where there is none. Throws
   * NovacoreError `options_invalid` for a file that others can read, or that holds something else.
   */
  static async open(path: string): Promise<GatewayKey> {
    const kept = await readSecret(path);
    if (kept !== undefined) return GatewayKey.fromPem(kept);
    await writeOnce(path, GatewayKey.generate().toPem());
    // Of two processes that start at once, one has written it, and both read the same.
    return GatewayKey.fromPem((await readSecret(path)) ?? "");
  }

  /** PKCS#8; a secret. */
  toPem(): string {
    return this.#privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  }

  /** ES256 over the UTF-8 bytes: raw r‖s, 64 bytes. */
  sign(text: string): Buffer {
    const key = { key: this.#privateKey, dsaEncoding: "ieee-p1363" } as const;
    return sign("sha256", Buffer.from(text), key);
  }
}

function readPrivateKey(pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    // What it is stays out of the message.
    throw invalid("The gateway's key is no private key as PEM (-----BEGIN PRIVATE KEY-----).");
  }
  const curve = key.asymmetricKeyDetails?.namedCurve ?? "none";
  if (curve === "prime256v1") return key;
  throw invalid(
    `The gateway's key is ${key.asymmetricKeyType} (curve: ${curve}); it must be P-256.`,
  );
}

async function readSecret(path: string): Promise<string | undefined> {
  try {
    const { mode } = await stat(path);
    // Windows has no such modes and tells 0666 for every file.
    if (process.platform !== "win32" && (mode & 0o077) !== 0) {
      const shown = (mode & 0o777).toString(8);
      throw invalid(
        `${path} is open to other users (mode ${shown}): chmod 600 it if nobody else can have read it, ` +
          "or remove it to get a new key, and claim the gateway again.",
      );
    }
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Whole or not at all, and never over a key that is there. */
async function writeOnce(path: string, content: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const unfinished = `${path}.${randomUUID()}`;
  const file = await open(unfinished, "wx", 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
    await link(unfinished, path);
  } catch (error) {
    const isThere = error instanceof Error && "code" in error && error.code === "EEXIST";
    if (!isThere) throw error;
  } finally {
    await file.close();
    await rm(unfinished);
  }
}

function invalid(message: string): NovacoreError {
  return new NovacoreError("options_invalid", message);
}
