import { parseJson } from "./answer.ts";
import type { Tabs } from "./tab-platform.ts";
import type { Credential, Opening } from "./transport.ts";

/**
 * The name under which tabs find each other: the same for the same stream, asked of the same hub by the
 * same identity, and for nothing else. It is a hash, as names of channels and locks can be listed.
 */
export async function topicOf(
  baseUrl: string,
  { target, selection, batchMs, credential }: Opening,
  hash: Tabs["hash"],
): Promise<string> {
  const { since, cursor, snapshot, ...filters } = selection;
  const what = [new URL(baseUrl).href, identityOf(credential), target, filters, batchMs];
  return `novacore-1-${await hash(JSON.stringify(what))}`;
}

/**
 * A token's own word for it, as tabs have tokens of their own: nothing is shared before the hub has
 * taken the token for this very stream. What has no such word is shared with its like alone.
 */
function identityOf(credential: Credential | undefined): string {
  if (credential?.kind !== "token") return JSON.stringify(credential);
  const [, claims = ""] = credential.token.split(".");
  try {
    const text = atob(claims.replaceAll("-", "+").replaceAll("_", "/"));
    const { sub } = parseJson<{ readonly sub?: unknown }>(text);
    if (typeof sub === "string" && sub !== "") return `sub ${sub}`;
  } catch {
    // No JWT, or not one of the hub's: its text has to do.
  }
  return JSON.stringify(credential);
}
