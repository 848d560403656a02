/** Bytes from the text forms in which keys and signatures arrive; undefined when it is another. */

export function hexBytes(text: string): Buffer | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]+$/.test(text)) return undefined;
  return Buffer.from(text, "hex");
}

/** Base64 and base64url, padded or not. Left-over bits must be zero: one text for one value. */
export function base64Bytes(text: string): Buffer | undefined {
  if (!/^(?:[A-Za-z0-9+/]+|[A-Za-z0-9_-]+)={0,2}$/.test(text)) return undefined;
  const digits = text.replace(/=+$/, "");
  if (text.length !== digits.length && text.length % 4 !== 0) return undefined;
  const bytes = Buffer.from(digits, "base64url");
  const again = bytes.toString("base64url");
  return again === digits.replaceAll("+", "-").replaceAll("/", "_") ? bytes : undefined;
}

/** Base58 in Bitcoin's alphabet: leading ones are leading zero bytes. */
export function base58Bytes(text: string): Buffer | undefined {
  // 44 digits hold 32 bytes, the only thing that arrives in base58; the loop is quadratic.
  if (text.length > 44 || !/^[1-9A-HJ-NP-Za-km-z]+$/.test(text)) return undefined;
  let value = 0n;
  for (const digit of text) value = value * 58n + BigInt(base58.indexOf(digit));
  const zeros = text.length - text.replace(/^1+/, "").length;
  const hex = value === 0n ? "" : value.toString(16);
  const rest = Buffer.from(hex.padStart(Math.ceil(hex.length / 2) * 2, "0"), "hex");
  return Buffer.concat([Buffer.alloc(zeros), rest]);
}

const base58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
