import type { Member } from "@novacore/client";
import { defineCommand, defineGroup } from "../command.ts";
import { flag, optional, required, several } from "../field.ts";
import type { Row } from "../output.ts";
import { oneOf } from "../readers.ts";
import type { Column } from "../table.ts";

const roles = ["owner", "admin", "operator", "viewer"] as const;
const org = required("ORG", "Id of the organization");
const identity = required("IDENTITY", "Id of the member, as whoami shows it");
const sites = several("SITE", "Only these sites, for operators and viewers");

const columns: readonly Column<Member>[] = [
  { title: "IDENTITY", of: ({ identity_id }) => identity_id },
  { title: "ROLE", of: ({ role }) => role },
  { title: "SITES", of: sitesText },
  { title: "SINCE", of: ({ created_at }) => created_at },
];

export const member = defineGroup("Members of an organization", {
  list: defineCommand({
    summary: "List the members of an organization",
    operands: { org },
    examples: ["novacore org member list org-01J…"],
    async run(given, { connect, output, signal }) {
      const { nova } = await connect();
      await output.list(nova.org(given.org).members({ signal }), columns);
    },
  }),

  add: defineCommand({
    summary: "Let somebody into an organization",
    operands: { org, identity },
    options: { role: required("ROLE", `One of ${roles.join(", ")}`, oneOf(roles)), sites },
    examples: [
      "novacore org member add org-01J… idt-5c1e… --role admin",
      "novacore org member add org-01J… idt-5c1e… --role viewer --sites sit-01J…,sit-01K…",
    ],
    async run({ org: orgId, identity: identity_id, role, sites: site_ids }, context) {
      const { nova } = await context.connect();
      const added = { identity_id, role, site_ids: site_ids ?? null };
      const { signal } = context;
      const answer = await nova.org(orgId).addMember(added, { signal });
      await context.output.record(answer, rowsOf(answer));
    },
  }),

  set: defineCommand({
    summary: "Change a member's role or sites",
    operands: { org, identity },
    options: {
      role: optional("ROLE", `One of ${roles.join(", ")}; default: as it is`, oneOf(roles)),
      sites,
      allSites: flag("All sites again"),
    },
    examples: [
      "novacore org member set org-01J… idt-5c1e… --role operator",
      "novacore org member set org-01J… idt-5c1e… --sites sit-01J…",
    ],
    async run(given, { connect, output, signal }) {
      const { nova } = await connect();
      const place = nova.org(given.org).member(given.identity);
      const former = await place.get({ signal });
      const sitesNow = given.allSites ? null : (given.sites ?? former.site_ids);
      const settings = { role: given.role ?? former.role, site_ids: sitesNow };
      const changed = await place.update(settings, { signal });
      await output.record(changed, rowsOf(changed));
    },
  }),

  remove: defineCommand({
    summary: "Take a member out of an organization",
    operands: { org, identity },
    options: { yes: flag("Do not ask") },
    examples: ["novacore org member remove org-01J… idt-5c1e… --yes"],
    async run({ org: orgId, identity: id, yes }, { connect, confirm, output, signal }) {
      const { nova } = await connect();
      await confirm(`Take ${id} out of ${orgId}?`, yes);
      await nova.org(orgId).member(id).remove({ signal });
      await output.done(`Removed ${id}.`, { org_id: orgId, identity_id: id, removed: true });
    },
  }),
});

function rowsOf(found: Member): Row[] {
  return [
    ["Organization", found.org_id],
    ["Identity", found.identity_id],
    ["Role", found.role],
    ["Sites", sitesText(found)],
    ["Since", found.created_at],
  ];
}

function sitesText({ site_ids }: Member): string {
  return site_ids === null ? "all" : site_ids.join(", ");
}
