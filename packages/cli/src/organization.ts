import { withChoices } from "./choices.ts";
import type { Connected } from "./connect.ts";
import { CommandFailed, UsageError } from "./failure.ts";

/** What help says of the option that names one. */
export const organizationDefault = "default: that of NOVACORE_ORG or org use, or your only one";

/** The organization that is meant: the given one, else the one that was chosen, else the caller's only one. */
export async function chooseOrganization(
  { nova, orgId }: Pick<Connected, "nova" | "orgId">,
  given: string | undefined,
  signal: AbortSignal,
): Promise<string> {
  if (given !== undefined) return given;
  if (orgId !== undefined) return orgId;
  const found: { readonly id: string; readonly name: string }[] = [];
  for await (const organization of nova.organizations({ signal })) found.push(organization);
  const [only, ...others] = found;
  if (only === undefined) {
    throw new CommandFailed("You are in no organization. Create one by: novacore org create NAME");
  }
  if (others.length === 0) return only.id;
  const advice = "give --org, or choose one by: novacore org use ORG";
  throw new UsageError(withChoices(`You are in ${found.length} organizations; ${advice}`, found));
}
