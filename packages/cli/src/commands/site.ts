import type { Site } from "@novacore/client";
import { defineCommand, defineGroup } from "../command.ts";
import { deviceColumns } from "../device-columns.ts";
import { UsageError } from "../failure.ts";
import { flag, optional, required } from "../field.ts";
import { onlyGiven } from "../only-given.ts";
import { chooseOrganization, organizationDefault } from "../organization.ts";
import type { Row } from "../output.ts";
import { decimal } from "../readers.ts";
import type { Column } from "../table.ts";

const siteId = required("SITE", "Id of the site");
const org = optional("ORG", `Id of the organization; ${organizationDefault}`);
const place = {
  timezone: optional("ZONE", "IANA name, as Europe/Stockholm: days begin there"),
  latitude: optional("DEGREES", "North is positive", decimal(-90, 90)),
  longitude: optional("DEGREES", "East is positive", decimal(-180, 180)),
};

const columns: readonly Column<Site>[] = [
  { title: "ID", of: ({ id }) => id },
  { title: "NAME", of: ({ name }) => name },
  { title: "TIMEZONE", of: ({ timezone }) => timezone },
  { title: "CREATED", of: ({ created_at }) => created_at },
];

export const site = defineGroup("Sites: homes, and other places with devices", {
  list: defineCommand({
    summary: "List the sites of an organization",
    options: { org },
    examples: ["novacore site list", "novacore site list --org org-01J… --json"],
    async run(given, { connect, output, signal }) {
      const connected = await connect();
      const { nova } = connected;
      const orgId = await chooseOrganization(connected, given.org, signal);
      await output.list(nova.org(orgId).sites({ signal }), columns);
    },
  }),

  show: defineCommand({
    summary: "Show a site with its devices",
    operands: { site: siteId },
    examples: ["novacore site show sit-01J…"],
    async run(given, { connect, output, signal }) {
      const { nova } = await connect();
      const found = await nova.site(given.site).get({ signal });
      await output.record(found, rowsOf(found));
      if (output.isJson || found.devices.length === 0) return;
      await output.text("");
      await output.list(found.devices, deviceColumns);
    },
  }),

  create: defineCommand({
    summary: "Create a site",
    operands: { name: required("NAME", "Its name") },
    options: { org, ...place },
    examples: ['novacore site create "Summer house" --timezone Europe/Stockholm'],
    async run({ name, org: orgGiven, ...where }, { connect, output, signal }) {
      const connected = await connect();
      const { nova } = connected;
      const orgId = await chooseOrganization(connected, orgGiven, signal);
      const created = await nova.org(orgId).createSite({ name, ...onlyGiven(where) }, { signal });
      await output.record(created, rowsOf(created));
    },
  }),

  rename: defineCommand({
    summary: "Give a site another name",
    operands: { site: siteId, name: required("NAME", "Its new name") },
    examples: ['novacore site rename sit-01J… "Winter house"'],
    async run({ site: id, name }, { connect, output, signal }) {
      const { nova } = await connect();
      const changed = await nova.site(id).update({ name }, { signal });
      await output.record(changed, rowsOf(changed));
    },
  }),

  place: defineCommand({
    summary: "Say where a site is",
    operands: { site: siteId },
    options: place,
    examples: ["novacore site place sit-01J… --latitude 59.33 --longitude 18.07"],
    async run({ site: id, ...where }, { connect, output, signal }) {
      const settings = onlyGiven(where);
      if (Object.keys(settings).length === 0) {
        throw new UsageError("Give --timezone, --latitude or --longitude.");
      }
      const { nova } = await connect();
      const changed = await nova.site(id).update(settings, { signal });
      await output.record(changed, rowsOf(changed));
    },
  }),

  delete: defineCommand({
    summary: "Delete a site on which nothing stands any more",
    operands: { site: siteId },
    options: { yes: flag("Do not ask") },
    examples: ["novacore site delete sit-01J… --yes"],
    async run({ site: id, yes }, { connect, confirm, output, signal }) {
      const { nova } = await connect();
      const { name } = await nova.site(id).get({ signal });
      await confirm(`Delete ${id} (${name})?`, yes);
      await nova.site(id).delete({ signal });
      await output.done(`Deleted ${id}.`, { id, deleted: true });
    },
  }),
});

function rowsOf(found: Site): Row[] {
  const { latitude, longitude } = found;
  return [
    ["Id", found.id],
    ["Name", found.name],
    ["Organization", found.org_id],
    ["Timezone", found.timezone],
    ["Place", latitude === null || longitude === null ? null : `${latitude}, ${longitude}`],
    ["Created", found.created_at],
  ];
}
