/**
 * Whether 32 bytes are a point that can be somebody's Ed25519 key (RFC 8032 §5.1.3). OpenSSL takes
 * any 32 bytes as a key, so this is the only check. The eight points of small order are refused as
 * well: with one of those as key, a signature that verifies can be made without any private key.
 */
export function isEd25519Point(bytes: Uint8Array): boolean {
  if (bytes.length !== 32) return false;
  const littleEndian = BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`);
  const y = littleEndian & (2n ** 255n - 1n);
  if (y >= prime || smallOrder.has(y)) return false;
  // x² = (y² − 1) / (d·y² + 1): a point if and only if that is a square. The sign bit chooses
  // between two roots that both exist, as x is not 0 (y = ±1 is refused above). Euler's criterion
  // for u/v needs no inverse: u·v is a square exactly when u/v is.
  const square = (y * y) % prime;
  const u = (square - 1n + prime) % prime;
  const v = (d * square + 1n) % prime;
  return power((u * v) % prime, (prime - 1n) / 2n) === 1n;
}

const prime = 2n ** 255n - 19n;
const d = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;
const orderEight = 2707385501144840649318225287225658788936804267575313519463743609750303402022n;

/** The y of the points of order 1, 2, 4 and 8. */
const smallOrder = new Set([0n, 1n, prime - 1n, orderEight, prime - orderEight]);

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let factor = base;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * factor) % prime;
    factor = (factor * factor) % prime;
  }
  return result;
}
