import { SigningKeys } from "../../packages/server/src/access/signing-keys.ts";
import { signToken } from "../../packages/server/src/access/tokens.ts";
import { limits } from "../../packages/server/src/limits.ts";
import type { TestHub } from "../support/hub.ts";

/** A token like the given one, which ends when the test needs it. */
export async function tokenFor(
  { dataDir }: Pick<TestHub, "dataDir">,
  { token, session }: { readonly token: string; readonly session: { readonly identityId: string } },
  lifetimeMs: number,
): Promise<string> {
  const keys = new SigningKeys({
    dataDir,
    now: Date.now,
    signingMs: limits.signingKeyMs,
    verifyingMs: limits.tokenMs,
  });
  const { public_key, identity_type } = JSON.parse(
    Buffer.from(token.split(".")[1] ?? "", "base64url").toString(),
  );
  const now = Date.now();
  return signToken(keys, {
    purpose: "access",
    identityId: session.identityId,
    payload: { public_key, identity_type },
    now,
    expiresAt: now + lifetimeMs,
  });
}
