import type { Integration } from "@novacore/client";
import { defineCommand, defineGroup } from "../command.ts";
import { UsageError } from "../failure.ts";
import { flag, optional, required, several } from "../field.ts";
import { readOrCreateKeyFile } from "../key-file.ts";
import { chooseOrganization, organizationDefault } from "../organization.ts";
import type { Row } from "../output.ts";
import type { Column } from "../table.ts";

const id = required("INTEGRATION", "Id of the integration");
const org = optional("ORG", `Id of the organization; ${organizationDefault}`);
const keyAbout = "File of its private key (PEM); made where there is none, and never sent";

const columns: readonly Column<Integration>[] = [
  { title: "ID", of: ({ id }) => id },
  { title: "NAME", of: ({ name }) => name },
  { title: "SITES", of: sitesText },
  { title: "LAST SEEN", of: ({ last_seen_at }) => last_seen_at },
];

export const integration = defineGroup(
  "Integrations: back ends that see an organization's readings",
  {
    list: defineCommand({
      summary: "List the integrations of an organization",
      options: { org },
      examples: ["novacore integration list"],
      async run(given, { connect, output, signal }) {
        const connected = await connect();
        const { nova } = connected;
        const orgId = await chooseOrganization(connected, given.org, signal);
        await output.list(nova.org(orgId).integrations({ signal }), columns);
      },
    }),

    show: defineCommand({
      summary: "Show an integration, and how it logs in to NATS",
      operands: { id },
      options: { org },
      examples: ["novacore integration show idt-5c1e…"],
      async run(given, { connect, output, signal }) {
        const connected = await connect();
        const { nova } = connected;
        const org_id = await chooseOrganization(connected, given.org, signal);
        const found = await nova.org(org_id).integration(given.id).get({ signal });
        const nats = await nova.natsCredentials({ org_id, integration_id: found.id }, { signal });
        await output.record({ ...found, nats }, [
          ...rowsOf(found),
          ["NATS", nats.urls.nats],
          ["NATS WebSocket", nats.urls.websocket],
          ["Subjects", nats.subjects.join(", ")],
          ["Inbox prefix", nats.inbox_prefix],
          ["JetStream domain", nats.jetstream_domain],
        ]);
      },
    }),

    create: defineCommand({
      summary: "Let a back end see an organization's readings",
      operands: { name: required("NAME", "Its name") },
      options: {
        org,
        key: required("FILE", keyAbout),
        sites: several("SITE", "Only of these sites"),
      },
      examples: ["novacore integration create billing --key billing.pem"],
      async run({ name, org: orgGiven, key: file, sites }, context) {
        const { connect, output, signal, say, terminal } = context;
        const connected = await connect();
        const { nova } = connected;
        const orgId = await chooseOrganization(connected, orgGiven, signal);
        const { key, isNew } = await readOrCreateKeyFile(file, terminal.stdin);
        if (isNew) say(`Made its key: ${file}`);
        const access = { scopes: ["telemetry:read"], site_ids: sites ?? null } as const;
        const wanted = { name, public_key: key.publicKey, ...access };
        const created = await nova.org(orgId).createIntegration(wanted, { signal });
        await output.record(created, rowsOf(created));
      },
    }),

    set: defineCommand({
      summary: "Change an integration's name or sites, on its connections as well",
      operands: { id },
      options: {
        org,
        name: optional("NAME", "Its new name"),
        sites: several("SITE", "Only these sites"),
        allSites: flag("All sites again"),
      },
      examples: ["novacore integration set idt-5c1e… --sites sit-01J…,sit-01K…"],
      async run({ id: integrationId, org: orgGiven, name, sites, allSites }, context) {
        const { connect, output, signal } = context;
        if (name === undefined && sites === undefined && !allSites) {
          throw new UsageError("Give --name, --sites or --all-sites.");
        }
        const connected = await connect();
        const { nova } = connected;
        const orgId = await chooseOrganization(connected, orgGiven, signal);
        const siteIds = allSites ? null : sites;
        const settings = {
          ...(name !== undefined && { name }),
          ...(siteIds !== undefined && { site_ids: siteIds }),
        };
        const changed = await nova
          .org(orgId)
          .integration(integrationId)
          .update(settings, { signal });
        await output.record(changed, rowsOf(changed));
      },
    }),

    "replace-key": defineCommand({
      summary: "Replace an integration's key; the old one ends at once",
      operands: { id },
      options: { org, key: required("FILE", keyAbout), yes: flag("Do not ask") },
      examples: ["novacore integration replace-key idt-5c1e… --key billing-2.pem"],
      async run({ id: integrationId, org: orgGiven, key: file, yes }, context) {
        const { connect, confirm, output, signal, say, terminal } = context;
        const connected = await connect();
        const { nova } = connected;
        const orgId = await chooseOrganization(connected, orgGiven, signal);
        await confirm(`End the key of ${integrationId}, and its connections?`, yes);
        const { key, isNew } = await readOrCreateKeyFile(file, terminal.stdin);
        if (isNew) say(`Made its key: ${file}`);
        const place = nova.org(orgId).integration(integrationId);
        const changed = await place.replaceKey({ public_key: key.publicKey }, { signal });
        await output.record(changed, rowsOf(changed));
      },
    }),

    revoke: defineCommand({
      summary: "Take an integration's access away, at once and for good",
      operands: { id },
      options: { org, yes: flag("Do not ask") },
      examples: ["novacore integration revoke idt-5c1e… --yes"],
      async run({ id: integrationId, org: orgGiven, yes }, { connect, confirm, output, signal }) {
        const connected = await connect();
        const { nova } = connected;
        const orgId = await chooseOrganization(connected, orgGiven, signal);
        const place = nova.org(orgId).integration(integrationId);
        const { name } = await place.get({ signal });
        await confirm(`Take the access of ${integrationId} (${name}) away for good?`, yes);
        await place.revoke({ signal });
        await output.done(`Revoked ${integrationId}.`, { id: integrationId, revoked: true });
      },
    }),
  },
);

function rowsOf(found: Integration): Row[] {
  return [
    ["Id", found.id],
    ["Name", found.name],
    ["Organization", found.org_id],
    ["Sites", sitesText(found)],
    ["Public key", found.public_key],
    ["Created by", found.created_by],
    ["Last seen", found.last_seen_at],
  ];
}

function sitesText({ site_ids }: Integration): string {
  return site_ids === null ? "all" : site_ids.join(", ");
}
