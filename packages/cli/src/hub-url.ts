import { UsageError } from "./failure.ts";
import type { Profile } from "./profile.ts";
import type { Terminal } from "./terminal.ts";

/** Where a hub on this machine listens unless it was told otherwise. */
export const localHubUrl = "http://127.0.0.1:8080";

/** The hub that is meant: the given one, the environment's, the profile's, or one on this machine. */
export function chooseHubUrl(
  given: string | undefined,
  env: Terminal["env"],
  profile: Profile | undefined,
): string {
  if (given !== undefined) return readHubUrl(given, "--url");
  if (env.NOVACORE_URL) return readHubUrl(env.NOVACORE_URL, "NOVACORE_URL");
  return profile?.url ?? localHubUrl;
}

/** An address of a hub, without a slash at its end; `source` is where it was given. */
function readHubUrl(text: string, source: string): string {
  const url = URL.parse(text);
  if (url?.username || url?.password) {
    throw new UsageError(`${source} has a user or password in it; give the address alone.`);
  }
  if (url !== null && ["http:", "https:"].includes(url.protocol) && !url.search && !url.hash) {
    return url.href.replace(/\/+$/, "");
  }
  throw new UsageError(`${source} is "${text}"; give an address, as https://hub.example.`);
}
