import { Novacore, type NovacoreOptions } from "@novacore/client";
import { logInByKey } from "./challenge-login.ts";
import { NotLoggedIn } from "./failure.ts";
import { chooseHubUrl } from "./hub-url.ts";
import { readKey } from "./private-key.ts";
import { type Profile, ProfileFolder } from "./profile.ts";
import type { Progress } from "./progress.ts";
import type { Terminal } from "./terminal.ts";

export type ConnectOptions = Pick<NovacoreOptions, "transport">;

/** A hub, as somebody who is logged in there. */
export interface Connected {
  readonly nova: Novacore;
  readonly url: string;
  /** Undefined: by a token of the environment. */
  readonly profile: Profile | undefined;
  /** The organization that was chosen for commands that name none. */
  readonly orgId: string | undefined;
}

export interface ConnectParts {
  readonly terminal: Pick<Terminal, "env" | "signal">;
  readonly progress: Progress;
  readonly profileName: string;
  say(line: string): void;
}

/** The hub and the login of the environment, else those of the profile. Throws NotLoggedIn. */
export async function connect(parts: ConnectParts, options?: ConnectOptions): Promise<Connected> {
  const { terminal, progress, profileName, say } = parts;
  const { NOVACORE_TOKEN, NOVACORE_ORG } = terminal.env;
  const folder = new ProfileFolder(terminal.env, profileName);
  const profile = folder.read();
  const url = chooseHubUrl(undefined, terminal.env, profile);
  progress.show(`Asking ${url}`);
  if (NOVACORE_TOKEN) {
    const nova = new Novacore({ baseUrl: url, token: NOVACORE_TOKEN, ...options });
    return { nova, url, profile: undefined, orgId: NOVACORE_ORG || undefined };
  }
  // Neither its token nor a signature by its key goes to a hub that it is not of, which could pass them on.
  if (profile?.url !== url) throw notLoggedIn(profileName, url, profile);
  const token = tokenSource({ folder, profile, signal: terminal.signal, profileName, say });
  const orgId = NOVACORE_ORG || profile.orgId;
  return { nova: new Novacore({ baseUrl: url, token, ...options }), url, profile, orgId };
}

/** A token that ends sooner is replaced before it is used. */
const remainingMinMs = 60_000;

interface TokenParts {
  readonly folder: ProfileFolder;
  readonly profile: Profile;
  readonly signal: AbortSignal;
  readonly profileName: string;
  say(line: string): void;
}

/** The kept token first; asked again, since that was refused or is about to end, a new one. */
function tokenSource({ folder, profile, signal, profileName, say }: TokenParts) {
  const { url } = profile;
  let kept = isGood(profile) ? profile.token : undefined;
  return async () => {
    const token = kept;
    kept = undefined;
    if (token !== undefined) return token;
    const key = folder.readKey();
    if (key === undefined) throw notLoggedIn(profileName, url, undefined);
    const renewed = await logInByKey(url, readKey(key, folder.keyPath), signal);
    try {
      folder.writeLogin(renewed);
    } catch (error) {
      // It is as good as one that is kept, for as long as this command runs.
      const reason = error instanceof Error ? error.message : String(error);
      say(`The new token cannot be kept, and each command will ask for one: ${reason}`);
    }
    return renewed.token;
  };
}

function isGood({ tokenExpiresAt }: Profile): boolean {
  return Date.parse(tokenExpiresAt) - Date.now() > remainingMinMs;
}

/** `other`: a login that is kept, of another hub. */
function notLoggedIn(
  profileName: string,
  url: string,
  other: Pick<Profile, "url"> | undefined,
): NotLoggedIn {
  const profile = profileName === "default" ? "" : ` --profile ${profileName}`;
  const who =
    other === undefined ? "Nobody" : `The profile ${profileName} is of ${other.url}; nobody`;
  return new NotLoggedIn(
    `${who} is logged in at ${url}. Log in by: novacore login --url ${url}${profile}\n` +
      "Or set NOVACORE_URL and NOVACORE_TOKEN.",
  );
}
