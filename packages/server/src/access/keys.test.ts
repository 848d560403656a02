import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { fromCanonical, fromNkey, readPublicKeys, toKeyObject } from "./keys.ts";
import { verifySignature } from "./signatures.ts";

/** Key pairs are made by OpenSSL, so fast-check chooses how many and what is signed, not the keys. */
const p256 = fc.constant(undefined).map(() => generateKeyPairSync("ec", { namedCurve: "P-256" }));
const ed25519 = fc.constant(undefined).map(() => generateKeyPairSync("ed25519"));
const runs = { numRuns: 50 };

describe("public keys", () => {
  it("every form of a P-256 key is read as the same key", () => {
    fc.assert(
      fc.property(p256, ({ publicKey }) => {
        const jwk = publicKey.export({ format: "jwk" });
        const point = pointOf(publicKey);
        const long = Buffer.concat([Buffer.from([4]), point]);
        const spki = publicKey.export({ format: "der", type: "spki" });
        const forms = [
          ...[point, long, spki].flatMap(base64Forms),
          ...[point, long].flatMap(hexForms),
          publicKey.export({ format: "pem", type: "spki" }),
          jwk,
          JSON.stringify(jwk),
          { ...jwk, alg: "ES256", use: "sig", kid: "1" },
        ];
        for (const form of forms) assert.deepEqual(read(form), [point.toString("hex")]);
      }),
      runs,
    );
  });

  it("every form of an Ed25519 key is read as the same key", () => {
    fc.assert(
      fc.property(ed25519, ({ publicKey }) => {
        const jwk = publicKey.export({ format: "jwk" });
        const bytes = Buffer.from(jwk.x ?? "", "base64url");
        const spki = publicKey.export({ format: "der", type: "spki" });
        const forms = [
          ...base64Forms(spki),
          ...hexForms(bytes),
          bytes.toString("base64"), // padded, which base58 never is
          publicKey.export({ format: "pem", type: "spki" }),
          jwk,
          JSON.stringify(jwk),
        ];
        for (const form of forms) assert.deepEqual(read(form), [bytes.toString("hex")]);
        // Unpadded and base58 texts may have a second reading, but always have the right one.
        for (const form of [bytes.toString("base64url"), toBase58(bytes)]) {
          assert.ok(read(form).includes(bytes.toString("hex")), form);
        }
      }),
      runs,
    );
  });

  it("a text that is a key in two ways has both readings", () => {
    let text: string | undefined;
    for (let tries = 0; text === undefined && tries < 20_000; tries++) {
      const candidate = generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" }).x ?? "";
      if (/[-_0OIl]/.test(candidate)) continue;
      if (read(candidate).length === 2) text = candidate;
    }
    assert.ok(text, "one key in about 150 is such a text");
    assert.equal(read(text)[0], Buffer.from(text, "base64url").toString("hex"));
  });

  it("the canonical form and the key it stands for are the same", () => {
    fc.assert(
      fc.property(fc.oneof(p256, ed25519), ({ publicKey }) => {
        const [key] = readPublicKeys(publicKey.export({ format: "jwk" }));
        assert.deepEqual(fromCanonical(key.hex), key);
        assert.deepEqual(
          toKeyObject(key).export({ format: "jwk" }),
          publicKey.export({ format: "jwk" }),
        );
      }),
      runs,
    );
  });

  it("a point that is not on P-256 is refused in every form", () => {
    fc.assert(
      fc.property(p256, fc.nat(511), ({ publicKey }, bit) => {
        const point = pointOf(publicKey);
        point[bit >> 3] = (point[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        refuses(point.toString("hex"));
        refuses(`04${point.toString("hex")}`);
        refuses(point.toString("base64"));
      }),
      runs,
    );
  });

  it("half of all 32 bytes are no point of Ed25519, and are refused", () => {
    const numbers = Array.from({ length: 64 }, (_, i) => i + 2);
    const accepted = numbers.filter((y) => {
      const bytes = Buffer.alloc(32);
      bytes[0] = y;
      return accepts(bytes.toString("hex"));
    });
    // y = 3, 4, 5, 6 and 9 are points, 2, 7 and 8 are none (RFC 8032 §5.1.3 by another program).
    assert.deepEqual(accepted.slice(0, 5), [3, 4, 5, 6, 9]);
    assert.ok(accepted.length > 16 && accepted.length < 48);
  });

  it("points of small order, with which anybody can sign, are refused", () => {
    for (const hex of [
      "0100000000000000000000000000000000000000000000000000000000000000",
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "0000000000000000000000000000000000000000000000000000000000000000",
      "0000000000000000000000000000000000000000000000000000000000000080",
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
      "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // y = p
    ]) {
      refuses(hex);
    }
  });

  it("a private key is refused, not used for its public half", () => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    refuses(privateKey.export({ format: "pem", type: "pkcs8" }));
    refuses(privateKey.export({ format: "jwk" }));
    refuses(privateKey.export({ format: "der", type: "pkcs8" }).toString("base64"));
  });

  it("other curves and kinds of key are refused", () => {
    const others: KeyObject[] = [
      generateKeyPairSync("ec", { namedCurve: "secp256k1" }).publicKey,
      generateKeyPairSync("ec", { namedCurve: "P-384" }).publicKey,
      generateKeyPairSync("x25519").publicKey,
      generateKeyPairSync("rsa", { modulusLength: 1_024 }).publicKey,
    ];
    for (const key of others) {
      refuses(key.export({ format: "pem", type: "spki" }));
      refuses(key.export({ format: "jwk" }));
    }
  });

  it("whatever else comes is key_invalid, never another error", () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.string(), fc.base64String()), (input) => {
        if (!accepts(input)) refuses(input);
      }),
      { numRuns: 500 },
    );
  });

  it("an nkey is the Ed25519 key inside it", () => {
    // Made by `nk -gen user`: the key is bytes 1 to 32 of its base32.
    const nkey = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4";
    assert.match(fromNkey(nkey)?.hex ?? "none", /^[0-9a-f]{64}$/);
    assert.equal(fromNkey(`A${nkey.slice(1)}`), undefined);
    assert.equal(fromNkey(nkey.toLowerCase()), undefined);
  });
});

describe("signatures", () => {
  const message = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));

  it("ES256 verifies as r‖s and as DER, in hex, base64 and base64url", () => {
    fc.assert(
      fc.property(p256, message, ({ publicKey, privateKey }, text) => {
        const [key] = readPublicKeys(publicKey.export({ format: "jwk" }));
        for (const dsaEncoding of ["ieee-p1363", "der"] as const) {
          const signature = sign("sha256", text, { key: privateKey, dsaEncoding });
          for (const form of [...hexForms(signature), ...base64Forms(signature)]) {
            assert.ok(verifySignature(key, text, form), form);
            assert.ok(!verifySignature(key, Buffer.concat([text, Buffer.from([0])]), form));
          }
        }
      }),
      runs,
    );
  });

  it("Ed25519 verifies in hex, base64 and base64url", () => {
    fc.assert(
      fc.property(ed25519, message, ({ publicKey, privateKey }, text) => {
        const [key] = readPublicKeys(publicKey.export({ format: "jwk" }));
        const signature = sign(null, text, privateKey);
        for (const form of [...hexForms(signature), ...base64Forms(signature)]) {
          assert.ok(verifySignature(key, text, form), form);
        }
      }),
      runs,
    );
  });

  it("another key's signature does not verify, whatever the kinds of key", () => {
    fc.assert(
      fc.property(fc.oneof(p256, ed25519), fc.oneof(p256, ed25519), message, (one, two, text) => {
        const [key] = readPublicKeys(one.publicKey.export({ format: "jwk" }));
        const isEd25519 = two.privateKey.asymmetricKeyType === "ed25519";
        const signature = sign(isEd25519 ? null : "sha256", text, two.privateKey);
        assert.ok(!verifySignature(key, text, signature.toString("base64")));
      }),
      runs,
    );
  });

  it("what is no signature is refused without an error", () => {
    const keys = [p256, ed25519].map((kind) => fc.sample(kind, 1)[0]?.publicKey);
    fc.assert(
      fc.property(fc.oneof(fc.string({ maxLength: 300 }), fc.base64String()), (text) => {
        for (const publicKey of keys) {
          assert.ok(publicKey);
          const [key] = readPublicKeys(publicKey.export({ format: "jwk" }));
          assert.equal(verifySignature(key, Buffer.from("message"), text), false);
        }
      }),
    );
  });
});

const read = (input: unknown) => readPublicKeys(input).map((key) => key.hex);

function accepts(input: unknown): boolean {
  try {
    const [key] = readPublicKeys(input);
    return createPublicKey(toKeyObject(key).export({ format: "pem", type: "spki" })) !== undefined;
  } catch {
    return false;
  }
}

function refuses(input: unknown): void {
  assert.throws(() => readPublicKeys(input), { code: "key_invalid" });
}

function pointOf(publicKey: KeyObject): Buffer {
  const { x = "", y = "" } = publicKey.export({ format: "jwk" });
  return Buffer.concat([x, y].map((part) => Buffer.from(part, "base64url")));
}

const hexForms = (bytes: Buffer) => [bytes.toString("hex"), bytes.toString("hex").toUpperCase()];

function base64Forms(bytes: Buffer): string[] {
  const padded = bytes.toString("base64");
  return [padded, padded.replace(/=+$/, ""), bytes.toString("base64url")].map((text) => `${text}`);
}

/** Base58 by long division, another way than the reader's. */
function toBase58(bytes: Buffer): string {
  const alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
  const digits: number[] = [];
  for (const byte of bytes) {
    let carry = byte;
    for (let i = 0; i < digits.length; i++) {
      carry += (digits[i] ?? 0) * 256;
      digits[i] = carry % 58;
      carry = Math.floor(carry / 58);
    }
    for (; carry > 0; carry = Math.floor(carry / 58)) digits.push(carry % 58);
  }
  const zeros = bytes.findIndex((byte) => byte !== 0);
  return (
    "1".repeat(zeros) +
    digits
      .reverse()
      .map((digit) => alphabet[digit])
      .join("")
  );
}
