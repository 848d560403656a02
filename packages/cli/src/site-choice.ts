import type { Site } from "@novacore/client";
import { withChoices } from "./choices.ts";
import type { Connected } from "./connect.ts";
import { CommandFailed, UsageError } from "./failure.ts";
import { chooseOrganization } from "./organization.ts";

/** What help says of the option that names one. */
export const siteDefault = "default: the only one of your organization";

/** The site that is meant where none is named: the organization's only one. `advice` is for several. */
export async function chooseSite(
  connected: Pick<Connected, "nova" | "orgId">,
  advice: string,
  signal: AbortSignal,
): Promise<string> {
  const orgId = await chooseOrganization(connected, undefined, signal);
  const found: Site[] = [];
  for await (const site of connected.nova.org(orgId).sites({ signal })) found.push(site);
  const [only, ...others] = found;
  if (only === undefined) {
    throw new CommandFailed(
      `There is no site in ${orgId} that you see. Create one by: novacore site create NAME`,
    );
  }
  if (others.length === 0) return only.id;
  throw new UsageError(withChoices(`${orgId} has ${found.length} sites; ${advice}`, found));
}
