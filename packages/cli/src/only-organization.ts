import type { Novacore } from "@novacore/client";
import { CommandFailed, UsageError } from "./failure.ts";

/** The organization that is meant where none was named: the caller's only one. */
export async function onlyOrganization(nova: Novacore, signal: AbortSignal): Promise<string> {
  const found: { readonly id: string; readonly name: string }[] = [];
  for await (const organization of nova.organizations({ signal })) found.push(organization);
  const [only, ...others] = found;
  if (only === undefined) {
    throw new CommandFailed("You are in no organization. Create one by: novacore org create NAME");
  }
  if (others.length === 0) return only.id;
  const names = found.slice(0, 10).map(({ id, name }) => `  ${id}  ${name}`);
  const more = found.length > names.length ? ["  …"] : [];
  throw new UsageError(
    [`You are in ${found.length} organizations; give --org or --site.`, ...names, ...more].join(
      "\n",
    ),
  );
}
