import { Novacore, NovacoreError } from "@novacore/client";
import { logInByKey } from "../challenge-login.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { CommandFailed, HubAway, UsageError } from "../failure.ts";
import { optional } from "../field.ts";
import { chooseHubUrl, localHubUrl } from "../hub-url.ts";
import { readKeyFile } from "../key-file.ts";
import { createKey, type PrivateKey, readKey } from "../private-key.ts";
import { type Profile, ProfileFolder } from "../profile.ts";

export const login = defineCommand({
  summary: "Log in to a hub, and remember it",
  notes:
    "The first login makes an Ed25519 key, which the hub registers. The key and the token are kept " +
    "in the profile's folder, readable by you alone; later commands renew the token by the key.",
  options: {
    url: optional("URL", `Address of the hub; default: the profile's, else ${localHubUrl}`),
    key: optional("FILE", "Private key to log in with, PEM or JWK; - reads it from stdin"),
    name: optional("NAME", "What the hub calls you, where it does not know the key yet"),
  },
  examples: [
    "novacore login",
    "novacore login --url https://hub.example --profile work --name Ada",
    "novacore login --key .novacore/demo/person-key.pem",
  ],
  async run({ url: urlGiven, key: keyFile, name }, context) {
    const { output, progress, signal, profileName, terminal } = context;
    const folder = new ProfileFolder(terminal.env, profileName);
    const url = chooseLoginUrl(urlGiven, terminal.env, folder.read());
    const key = await chooseKey(keyFile, context, folder);
    progress.show(`Logging in to ${url}`);
    const profile = await logInAs(key, { url, name, signal });
    folder.writeLogin(profile);
    const { identityId, tokenExpiresAt, registered } = profile;
    await output.record(
      {
        ...{ profile: profileName, url, identity_id: identityId },
        ...{ registered, public_key: key.publicKeyHex, token_expires_at: tokenExpiresAt },
      },
      [
        ["Logged in to", url],
        ["Identity", registered ? `${identityId} (new: the hub did not know the key)` : identityId],
        ["Profile", profileName],
        ["Token until", tokenExpiresAt],
        ["Kept in", folder.path],
      ],
    );
  },
});

/** To a hub that the profile is not of, its key goes only where `--url` says so: not by an environment. */
function chooseLoginUrl(
  given: string | undefined,
  env: Context["terminal"]["env"],
  profile: Profile | undefined,
): string {
  const url = chooseHubUrl(given, env, profile);
  if (given !== undefined || profile === undefined || profile.url === url) return url;
  throw new UsageError(
    `the profile is of ${profile.url}, and NOVACORE_URL is ${url}; ` +
      `say which is meant by --url ${url}, or give another --profile.`,
  );
}

/** The profile's key, the given one or a new one; kept before the hub hears of it. */
async function chooseKey(
  file: string | undefined,
  { terminal, profileName }: Context,
  folder: ProfileFolder,
): Promise<PrivateKey> {
  const keptText = folder.readKey();
  const kept = keptText === undefined ? undefined : readKey(keptText, folder.keyPath);
  if (file === undefined && kept !== undefined) return kept;
  const key = file === undefined ? createKey("ed25519") : await readKeyFile(file, terminal.stdin);
  // The only copy of a key may be the one that is kept, so that it is never written over.
  if (kept !== undefined && kept.publicKeyHex !== key.publicKeyHex) {
    throw new CommandFailed(
      `The profile ${profileName} has another key (${folder.keyPath}); ` +
        "give another --profile, or move that file away first.",
    );
  }
  folder.writeKey(key.pem);
  return key;
}

interface LogInOptions {
  readonly url: string;
  readonly name: string | undefined;
  readonly signal: AbortSignal;
}

async function logInAs(key: PrivateKey, { url, name, signal }: LogInOptions) {
  try {
    if (name !== undefined) {
      const identity = { public_key: key.publicKey, type: "user", name } as const;
      await new Novacore({ baseUrl: url }).identity.register(identity, { signal });
    }
    return await logInByKey(url, key, signal);
  } catch (error) {
    if (!(error instanceof NovacoreError)) throw error;
    if (["not_found", "answer_invalid"].includes(error.code)) {
      const message = `No hub answers at ${url}; check the address. (${error.message})`;
      throw new HubAway(message, { cause: error });
    }
    if (error.code !== "registration_closed") throw error;
    const message = `${error.message} Ask an administrator to register your public key: ${key.publicKeyHex}`;
    throw new NovacoreError(error.code, message, { status: error.status, cause: error });
  }
}
