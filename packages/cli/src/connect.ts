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
}

/** The hub and the login of the environment, else those of the profile. Throws NotLoggedIn. */
export async function connect(parts: ConnectParts, options?: ConnectOptions): Promise<Connected> {
  const { terminal, progress, profileName } = parts;
  const { NOVACORE_TOKEN, NOVACORE_ORG } = terminal.env;
  const folder = new ProfileFolder(terminal.env, profileName);
  const profile = folder.read();
  const url = chooseHubUrl(undefined, terminal.env, profile);
  progress.show(`Asking ${url}`);
  if (NOVACORE_TOKEN) {
    const nova = new Novacore({ baseUrl: url, token: NOVACORE_TOKEN, ...options });
    return { nova, url, profile: undefined, orgId: NOVACORE_ORG || undefined };
  }
  if (profile === undefined) throw notLoggedIn(profileName, url);
  const token = tokenSource({ folder, profile, url, signal: terminal.signal, profileName });
  const orgId = NOVACORE_ORG || (profile.url === url ? profile.orgId : undefined);
  return { nova: new Novacore({ baseUrl: url, token, ...options }), url, profile, orgId };
}

/** A token that ends sooner is replaced before it is used. */
const remainingMinMs = 60_000;

interface TokenParts {
  readonly folder: ProfileFolder;
  readonly profile: Profile;
  readonly url: string;
  readonly signal: AbortSignal;
  readonly profileName: string;
}

/** The kept token first; asked again, since that was refused or is about to end, a new one. */
function tokenSource({ folder, profile, url, signal, profileName }: TokenParts) {
  // A token goes to no other hub than the one that gave it.
  const isOfThisHub = profile.url === url;
  let kept = isOfThisHub && isGood(profile) ? profile.token : undefined;
  return async () => {
    const token = kept;
    kept = undefined;
    if (token !== undefined) return token;
    const key = folder.readKey();
    if (key === undefined) throw notLoggedIn(profileName, url);
    const renewed = await logInByKey(url, readKey(key, folder.keyPath), signal);
    if (isOfThisHub) folder.writeLogin(renewed);
    return renewed.token;
  };
}

function isGood({ tokenExpiresAt }: Profile): boolean {
  return Date.parse(tokenExpiresAt) - Date.now() > remainingMinMs;
}

function notLoggedIn(profileName: string, url: string): NotLoggedIn {
  const profile = profileName === "default" ? "" : ` --profile ${profileName}`;
  return new NotLoggedIn(
    `Nobody is logged in. Log in by: novacore login --url ${url}${profile}\n` +
      "Or set NOVACORE_URL and NOVACORE_TOKEN.",
  );
}
