import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { describe, it } from "node:test";
import { readClaim } from "./claim.ts";

const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const now = Date.parse("2026-03-01T12:00:00Z");

function claim(timestamp: string) {
  const message = `idt-1|nonce|${timestamp}|gw-1`;
  return readClaim({
    gatewaySerial: "gw-1",
    publicKey: publicKey.export({ format: "jwk" }),
    message,
    signature: sign("sha256", Buffer.from(message), privateKey).toString("hex"),
    claimerId: "idt-1",
    now,
  });
}

describe("the timestamp of a claim", () => {
  const seconds = now / 1000;
  for (const timestamp of [
    String(seconds),
    `${seconds}.5`,
    String(now),
    "2026-03-01T12:00:00Z",
    "2026-03-01T12:00:00.000Z",
    "2026-03-01T13:00:00+01:00",
    String(seconds - 600),
    String(seconds + 600),
  ]) {
    it(`is understood as ${timestamp}`, () => {
      assert.equal(claim(timestamp).nonce, "nonce");
    });
  }

  it("keeps the nonce until the message is too old by itself", () => {
    assert.equal(claim(String(seconds)).nonceUntil, "2026-03-01T12:10:00.000Z");
  });

  for (const timestamp of [String(seconds - 601), String(seconds + 601), "0"]) {
    it(`expires as ${timestamp}`, () => {
      assert.throws(() => claim(timestamp), { code: "claim_expired" });
    });
  }

  for (const timestamp of ["noon", "2026-03-01", "1e9", "-1", "2026-13-01T12:00:00Z", "NaN"]) {
    it(`is refused as ${timestamp}`, () => {
      assert.throws(() => claim(timestamp), { code: "claim_invalid" });
    });
  }
});
