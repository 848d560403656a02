import type { Organization } from "@novacore/client";
import { defineCommand, defineGroup } from "../command.ts";
import { flag, optional, required } from "../field.ts";
import type { Row } from "../output.ts";
import { wholeNumber } from "../readers.ts";
import type { Column } from "../table.ts";

const operands = { org: required("ORG", "Id of the organization") };
const yes = flag("Do not ask");

const columns: readonly Column<Organization>[] = [
  { title: "ID", of: ({ id }) => id },
  { title: "NAME", of: ({ name }) => name },
  { title: "OWNER", of: ({ owner_id }) => owner_id },
  { title: "CREATED", of: ({ created_at }) => created_at },
];

export const org = defineGroup("Organizations", {
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
      const found = await nova.request<Organization>("GET", pathOf(id), { signal });
      await output.record(found, rowsOf(found));
    },
  }),

  create: defineCommand({
    summary: "Create an organization, which you own",
    operands: { name: required("NAME", "Its name") },
    examples: ['novacore org create "Sunny Homes"'],
    async run({ name }, { connect, output, signal }) {
      const { nova } = await connect();
      const body = { name };
      const created = await nova.request<Organization>("POST", "organizations", { body, signal });
      await output.record(created, rowsOf(created));
    },
  }),

  rename: defineCommand({
    summary: "Give an organization another name",
    operands: { ...operands, name: required("NAME", "Its new name") },
    examples: ['novacore org rename org-01J… "Sunny Homes Ltd"'],
    async run({ org: id, name }, { connect, output, signal }) {
      const { nova } = await connect();
      const body = { name };
      const changed = await nova.request<Organization>("PUT", pathOf(id), { body, signal });
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
      const body = { retention_days: days ?? null };
      const changed = await nova.request<Organization>("PUT", pathOf(id), { body, signal });
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
      const body = { owner_id: identity };
      const changed = await nova.request<Organization>("PUT", pathOf(id), { body, signal });
      await output.record(changed, rowsOf(changed));
    },
  }),

  delete: defineCommand({
    summary: "Delete an organization that has no gateways left",
    operands,
    options: { yes },
    examples: ["novacore org delete org-01J…", "novacore org delete org-01J… --yes"],
    async run({ org: id, yes: isSure }, { connect, confirm, output, signal }) {
      const { nova } = await connect();
      const { name } = await nova.request<Organization>("GET", pathOf(id), { signal });
      await confirm(`Delete ${id} (${name}) with all its readings?`, isSure);
      await nova.request("DELETE", pathOf(id), { signal });
      await output.done(`Deleted ${id}.`, { id, deleted: true });
    },
  }),
});

function pathOf(id: string): string {
  return `organizations/${encodeURIComponent(id)}`;
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
