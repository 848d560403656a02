import type { Organization } from "@novacore/client";
import { defineCommand, defineGroup } from "../command.ts";
import { UsageError } from "../failure.ts";
import { flag, optional, required } from "../field.ts";
import type { Row } from "../output.ts";
import { ProfileFolder } from "../profile.ts";
import { wholeNumber } from "../readers.ts";
import type { Column } from "../table.ts";
import { member } from "./member.ts";

const operands = { org: required("ORG", "Id of the organization") };
const yes = flag("Do not ask");

const columns: readonly Column<Organization>[] = [
  { title: "ID", of: ({ id }) => id },
  { title: "NAME", of: ({ name }) => name },
  { title: "OWNER", of: ({ owner_id }) => owner_id },
  { title: "CREATED", of: ({ created_at }) => created_at },
];

export const org = defineGroup("Organizations and their members", {
  list: defineCommand({
    summary: "List your organizations",
    examples: ["novacore org list", "novacore org list --json"],
    async run(_given, { connect, output, signal }) {
      const { nova } = await connect();
      await output.list(nova.organizations({ signal }), columns);
    },
  }),

  show: defineCommand({
    summary: "Show an organization",
    operands,
    examples: ["novacore org show org-01J…"],
    async run({ org: id }, { connect, output, signal }) {
      const { nova } = await connect();
      const found = await nova.org(id).get({ signal });
      await output.record(found, rowsOf(found));
    },
  }),

  create: defineCommand({
    summary: "Create an organization, which you own",
    operands: { name: required("NAME", "Its name") },
    examples: ['novacore org create "Sunny Homes"'],
    async run({ name }, { connect, output, signal }) {
      const { nova } = await connect();
      const created = await nova.createOrganization({ name }, { signal });
      await output.record(created, rowsOf(created));
    },
  }),

  rename: defineCommand({
    summary: "Give an organization another name",
    operands: { ...operands, name: required("NAME", "Its new name") },
    examples: ['novacore org rename org-01J… "Sunny Homes Ltd"'],
    async run({ org: id, name }, { connect, output, signal }) {
      const { nova } = await connect();
      const changed = await nova.org(id).update({ name }, { signal });
      await output.record(changed, rowsOf(changed));
    },
  }),

  retain: defineCommand({
    summary: "Say how long an organization's readings are kept",
    notes: "Days of the archive that are older are removed within minutes, and do not come back.",
    operands,
    options: {
      days: optional("DAYS", "Days to keep; default: for ever", wholeNumber(1, 100_000)),
      yes,
    },
    examples: ["novacore org retain org-01J… --days 400"],
    async run({ org: id, days, yes: isSure }, { connect, confirm, output, signal }) {
      const { nova } = await connect();
      const isRemoving = days !== undefined;
      if (isRemoving) await confirm(`Remove readings of ${id} older than ${days} days?`, isSure);
      const changed = await nova.org(id).update({ retention_days: days ?? null }, { signal });
      await output.record(changed, rowsOf(changed));
    },
  }),

  transfer: defineCommand({
    summary: "Hand an organization over to another owner",
    operands: { ...operands, identity: required("IDENTITY", "Id of the new owner") },
    options: { yes },
    examples: ["novacore org transfer org-01J… idt-5c1e…"],
    async run({ org: id, identity, yes: isSure }, { connect, confirm, output, signal }) {
      const { nova } = await connect();
      await confirm(`Hand ${id} over to ${identity}?`, isSure);
      const changed = await nova.org(id).update({ owner_id: identity }, { signal });
      await output.record(changed, rowsOf(changed));
    },
  }),

  delete: defineCommand({
    summary: "Delete an organization that has no gateways left",
    operands,
    options: { yes },
    examples: ["novacore org delete org-01J…", "novacore org delete org-01J… --yes"],
    async run({ org: id, yes: isSure }, context) {
      const { connect, confirm, output, profileName, signal, terminal } = context;
      const { nova } = await connect();
      const { name } = await nova.org(id).get({ signal });
      await confirm(`Delete ${id} (${name}) with all its readings?`, isSure);
      await nova.org(id).delete({ signal });
      forgetOrganization(new ProfileFolder(terminal.env, profileName), id);
      await output.done(`Deleted ${id}.`, { id, deleted: true });
    },
  }),

  use: defineCommand({
    summary: "Choose the organization of commands that name none",
    notes: "It is kept in the profile. NOVACORE_ORG and --org come before it.",
    operands: { org: optional("ORG", "Id of the organization") },
    options: { none: flag("Choose none") },
    examples: ["novacore org use org-01J…", "novacore org use --none"],
    async run({ org: id, none }, { connect, output, profileName, signal, terminal }) {
      if ((id === undefined) !== none) throw new UsageError("give an ORG, or --none.");
      const { nova, url, profile } = await connect();
      if (profile?.url !== url) {
        throw new UsageError("no profile is logged in to this hub; set NOVACORE_ORG instead.");
      }
      const name = id === undefined ? undefined : (await nova.org(id).get({ signal })).name;
      const folder = new ProfileFolder(terminal.env, profileName);
      const login = folder.read() ?? profile; // the token may have been renewed just now
      folder.write({ ...login, orgId: id });
      const sentence = id === undefined ? "No organization is chosen." : `Using ${id} (${name}).`;
      await output.done(sentence, { profile: profileName, org_id: id ?? null });
    },
  }),

  member,
});

/** What is gone cannot be the one that is used. */
function forgetOrganization(folder: ProfileFolder, id: string): void {
  const profile = folder.read();
  if (profile?.orgId === id) folder.write({ ...profile, orgId: undefined });
}

function rowsOf(organization: Organization): Row[] {
  const { retention_days: days } = organization;
  return [
    ["Id", organization.id],
    ["Name", organization.name],
    ["Owner", organization.owner_id],
    ["Readings kept", days === null ? "for ever" : `${days} days`],
    ["Created", organization.created_at],
  ];
}
