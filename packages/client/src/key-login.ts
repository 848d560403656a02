import { parseJson } from "./answer.ts";
import { type CredentialSource, type Given, Provided } from "./credentials.ts";
import { NovacoreError } from "./errors.ts";
import type { Challenge, SignedChallenge, Token } from "./openapi.ts";
import { type CallOptions, Rest } from "./rest.ts";

/**
 * A private key, Ed25519 or P-256: PKCS#8 as PEM, a JWK as text or object, or a pair of WebCrypto's,
 * whose private one need not be extractable. Of Node's KeyObject: `key.export({ format: "jwk" })`.
 */
export type PrivateKey = string | Jwk | KeyPair;

/** RFC 7517, its members for keys of these two kinds; a private one has `d`. */
export interface Jwk {
  readonly kty?: string | undefined;
  readonly crv?: string | undefined;
  readonly x?: string | undefined;
  readonly y?: string | undefined;
  readonly d?: string | undefined;
}

/** What `crypto.subtle.generateKey` gives. */
export interface KeyPair {
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
}

/** Logs in by a signed challenge, once for all who need a token, and anew before it ends. */
export function createKeyCredentials(baseUrl: string, key: PrivateKey): CredentialSource {
  const rest = new Rest(baseUrl, { get: async () => undefined, renew: async () => undefined });
  let signer: Promise<Signer> | undefined;
  return new Provided(async () => {
    signer ??= readSigner(key);
    return logIn(rest, await signer);
  });
}

/** Proves to the hub that the caller has a key. */
export async function signChallenge(
  rest: Rest,
  key: PrivateKey,
  options?: CallOptions,
): Promise<SignedChallenge> {
  return answerChallenge(rest, await readSigner(key), options);
}

async function logIn(rest: Rest, signer: Signer): Promise<Given> {
  const body = await answerChallenge(rest, signer);
  const { token } = await rest.request<Token>("POST", "auth/verify", { body });
  return { credential: { kind: "token", token }, goodForMs: lifetimeMsOf(token) * 0.9 };
}

async function answerChallenge(
  rest: Rest,
  { publicKey: public_key, sign }: Signer,
  options?: CallOptions,
): Promise<SignedChallenge> {
  const wish = { ...options, body: { public_key } };
  const { challenge } = await rest.request<Challenge>("POST", "auth/challenge", wish);
  // A signature over any other text could be one that says something else.
  if (!/^novacore-login-[\w-]+$/.test(challenge)) {
    throw new NovacoreError("answer_invalid", "The challenge is none of a Novacore hub.");
  }
  return { public_key, challenge, signature: await sign(challenge) };
}

/**
 * By the token's own times alone: this machine's clock may be wrong. One that tells none is used
 * until it is refused.
 */
function lifetimeMsOf(token: string): number {
  try {
    const [, claims = ""] = token.split(".");
    const text = atob(claims.replaceAll("-", "+").replaceAll("_", "/"));
    const { iat, exp } = parseJson<{ iat: number; exp: number }>(text);
    return exp > iat ? (exp - iat) * 1_000 : Infinity;
  } catch {
    return Infinity; // no JWT
  }
}

interface Signer {
  readonly publicKey: Jwk;
  readonly sign: (text: string) => Promise<string>;
}

const ed25519 = { name: "Ed25519" };
const p256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

async function readSigner(key: PrivateKey): Promise<Signer> {
  if (globalThis.crypto?.subtle === undefined) {
    throw invalid("needs WebCrypto, which pages have over HTTPS alone");
  }
  const { subtle } = crypto;
  if (typeof key === "object" && "privateKey" in key) {
    const { name } = key.privateKey.algorithm;
    const publicKey = await subtle.exportKey("jwk", key.publicKey);
    return toSigner(key.privateKey, publicKey, name === "ECDSA" ? p256 : ed25519);
  }
  const jwk = await readJwk(key);
  const algorithm = jwk.kty === "EC" ? p256 : ed25519;
  const privateKey = await subtle
    .importKey("jwk", parseJson(JSON.stringify(jwk)), algorithm, false, ["sign"])
    .catch(() => Promise.reject(invalid("is no private key, Ed25519 or P-256")));
  return toSigner(privateKey, jwk, algorithm);
}

function toSigner(key: CryptoKey, jwk: Jwk, algorithm: typeof ed25519): Signer {
  const { kty, crv, x, y } = jwk;
  return {
    publicKey: { kty, crv, x, y },
    async sign(text) {
      const bytes = await crypto.subtle.sign(algorithm, key, new TextEncoder().encode(text));
      return btoa(String.fromCharCode(...new Uint8Array(bytes)));
    },
  };
}

async function readJwk(key: string | Jwk): Promise<Jwk> {
  if (typeof key !== "string") return key;
  const { subtle } = crypto;
  const pem = /-BEGIN PRIVATE KEY-+([A-Za-z0-9+/=\s]+)-/.exec(key)?.[1];
  try {
    if (pem === undefined) return parseJson(key);
    const der = Uint8Array.from(atob(pem.replaceAll(/\s/g, "")), (text) => text.charCodeAt(0));
    const read = (algorithm: typeof ed25519) =>
      subtle.importKey("pkcs8", der, algorithm, true, ["sign"]);
    return await subtle.exportKey("jwk", await read(ed25519).catch(() => read(p256)));
  } catch {
    // What it is stays out of the message.
    throw invalid("is no PKCS#8 PEM (-----BEGIN PRIVATE KEY-----) and no JWK, Ed25519 or P-256");
  }
}

function invalid(what: string): NovacoreError {
  return new NovacoreError("options_invalid", `The key ${what}.`);
}
