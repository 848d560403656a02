import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { calculateJwkThumbprint, type JSONWebKeySet } from "jose";
import { Type } from "typebox";
import { Value } from "typebox/value";

export interface SigningKey {
  readonly kid: string;
  readonly createdAt: number;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export interface SigningKeyOptions {
  /** `keys/` inside it holds one file a key, mode 0600; hubs that share tokens share the folder. */
  readonly dataDir: string;
  readonly now: () => number;
  /** A key older than this signs no more: the next signature makes a new one. */
  readonly signingMs: number;
  /** How long after its last signature a key still verifies: the life of a token, with leeway. */
  readonly verifyingMs: number;
}

/** The hub's ES256 keys: the newest signs, older ones verify until their tokens are gone. */
export class SigningKeys {
  readonly #options: SigningKeyOptions;
  readonly #folder: string;
  /** Newest first. */
  #keys: readonly SigningKey[] = [];
  #readAt = 0;
  #rotating: Promise<SigningKey> | undefined;

  constructor(options: SigningKeyOptions) {
    this.#options = options;
    this.#folder = join(options.dataDir, "keys");
  }

  /** The key to sign with; made, or made anew, when there is none that is young enough. */
  async current(): Promise<SigningKey> {
    if (this.#readAt === 0) await this.#read();
    const [newest] = this.#keys;
    if (newest && this.#options.now() - newest.createdAt < this.#options.signingMs) return newest;
    return this.rotate();
  }

  /** Makes a new key that signs from now on. */
  async rotate(): Promise<SigningKey> {
    this.#rotating ??= this.#make().finally(() => {
      this.#rotating = undefined;
    });
    return this.#rotating;
  }

  /** The key that a token names; read from disk again when unknown, as another hub may have made it. */
  async find(kid: string): Promise<SigningKey | undefined> {
    const known = this.#verifying().find((key) => key.kid === kid);
    // At most one reading a second: a forger's invented names must not keep the disk busy.
    if (known !== undefined || this.#options.now() - this.#readAt < 1_000) return known;
    await this.#read();
    return this.#verifying().find((key) => key.kid === kid);
  }

  /** What `/.well-known/jwks.json` answers. */
  async publicKeys(): Promise<JSONWebKeySet> {
    await this.current();
    return {
      keys: this.#verifying().map(({ kid, publicKey }) => {
        const { kty = "EC", crv = "P-256", x = "", y = "" } = publicKey.export({ format: "jwk" });
        return { kty, crv, x, y, kid, alg: "ES256", use: "sig" };
      }),
    };
  }

  /** A key ends when its successor has signed for as long as a token lives. */
  #verifying(): readonly SigningKey[] {
    const oldest = this.#options.now() - this.#options.verifyingMs;
    return this.#keys.filter((_, index) => (this.#keys[index - 1]?.createdAt ?? oldest) >= oldest);
  }

  async #make(): Promise<SigningKey> {
    if (this.#readAt === 0) await this.#read();
    const { privateKey } = await promisify(generateKeyPair)("ec", { namedCurve: "P-256" });
    // Later than its predecessor even within one millisecond: the order says which of them signs.
    const createdAt = Math.max(this.#options.now(), (this.#keys[0]?.createdAt ?? 0) + 1);
    const jwk = privateKey.export({ format: "jwk" });
    const kid = await calculateJwkThumbprint(createPublicKey(privateKey));
    const text = JSON.stringify({ kid, created_at: new Date(createdAt).toISOString(), jwk });
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await writeDurably(join(this.#folder, fileName(kid)), text);
    await this.#read();
    return this.#keys.find((key) => key.kid === kid) ?? toSigningKey(text);
  }

  async #read(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const names = (await readdir(this.#folder)).filter((name) => filePattern.test(name));
    const texts = await Promise.all(
      names.map((name) => readFile(join(this.#folder, name), "utf8")),
    );
    this.#keys = texts.map(toSigningKey).sort((a, b) => b.createdAt - a.createdAt);
    this.#readAt = this.#options.now();
    const verifying = new Set(this.#verifying());
    const ended = this.#keys.filter((key) => !verifying.has(key));
    await Promise.all(
      ended.map((key) => rm(join(this.#folder, fileName(key.kid)), { force: true })),
    );
    this.#keys = [...verifying];
  }
}

const filePattern = /^token-[A-Za-z0-9_-]+\.json$/;
const fileName = (kid: string) => `token-${kid}.json`;

/** Whole or not at all, also in a power cut: half a key file would lock everybody out. */
async function writeDurably(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`;
  await using file = await open(temporary, "w", 0o600);
  await file.writeFile(text);
  await file.sync();
  await rename(temporary, path);
}

const KeyFile = Type.Object({
  kid: Type.String(),
  created_at: Type.String(),
  jwk: Type.Object({
    kty: Type.Literal("EC"),
    crv: Type.Literal("P-256"),
    x: Type.String(),
    y: Type.String(),
    d: Type.String(),
  }),
});

function toSigningKey(text: string): SigningKey {
  const { kid, created_at, jwk } = Value.Parse(KeyFile, JSON.parse(text));
  const privateKey = createPrivateKey({ key: jwk, format: "jwk" });
  const publicKey = createPublicKey(privateKey);
  return { kid, createdAt: Date.parse(created_at), privateKey, publicKey };
}
