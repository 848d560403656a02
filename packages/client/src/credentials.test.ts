import assert from "node:assert/strict";
import { test } from "node:test";
import { createCredentials } from "./credentials.ts";
import { NovacoreError } from "./errors.ts";
import type { Credential } from "./transport.ts";

const tokenOf = (token: string): Credential => ({ kind: "token", token });

for (const text of ["SECRET\nPART", "SECRET PART", "SECRÉT", "SECRET\u0000"]) {
  test(`${JSON.stringify(text)} is no token, and stands in no message`, async () => {
    const isTold = (error: unknown) =>
      error instanceof NovacoreError &&
      error.code === "options_invalid" &&
      !/SECR|PART/.test(error.message);
    assert.throws(() => createCredentials(text, tokenOf), isTold);
    await assert.rejects(createCredentials(() => text, tokenOf).get(), isTold);
  });
}

test("a token is given as it is, without the line break of a file", async () => {
  const token = "eyJhbGciOi.eyJ-_.s+/=~";
  for (const text of [token, `${token}\n`]) {
    assert.deepEqual(await createCredentials(text, tokenOf).get(), { kind: "token", token });
    assert.deepEqual(await createCredentials(() => text, tokenOf).get(), { kind: "token", token });
  }
});
