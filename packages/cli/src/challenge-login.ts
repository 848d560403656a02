import { Novacore } from "@novacore/client";
import { CommandFailed } from "./failure.ts";
import type { PrivateKey } from "./private-key.ts";
import type { Login } from "./profile.ts";

/** How every challenge begins, so that nothing else that a hub may want signed is. */
const challengeStart = "novacore-login-";

/** Proves to a hub that somebody has the key. Throws NovacoreError for a refusal. */
export async function logInByKey(
  url: string,
  key: PrivateKey,
  signal: AbortSignal,
): Promise<Login & { readonly registered: boolean }> {
  const hub = new Novacore({ baseUrl: url });
  const { publicKey: public_key } = key;
  const { challenge } = await hub.request<{ readonly challenge: unknown }>(
    "POST",
    "auth/challenge",
    { body: { public_key }, signal },
  );
  if (typeof challenge !== "string" || !challenge.startsWith(challengeStart)) {
    const message = `${url} wants something signed that is no challenge of a login.`;
    throw new CommandFailed(message);
  }
  const body = { public_key, challenge, signature: key.sign(challenge) };
  const answer = await hub.request<TokenAnswer>("POST", "auth/verify", { body, signal });
  const { token, identity_id: identityId, expires_at: tokenExpiresAt, registered } = answer;
  return { url, identityId, token, tokenExpiresAt, registered };
}

interface TokenAnswer {
  readonly token: string;
  readonly identity_id: string;
  readonly expires_at: string;
  readonly registered: boolean;
}
