import type { LatestReading, Novacore } from "@novacore/client";
import { defineCommand } from "../command.ts";
import { optional, several } from "../field.ts";
import { chooseOrganization, organizationDefault } from "../organization.ts";
import { oneOf } from "../readers.ts";
import { ageText, chargeText, flowText, powerText } from "../reading-cells.ts";
import { readingTypes } from "../reading-types.ts";
import type { Column } from "../table.ts";

export const latest = defineCommand({
  summary: "Show the last reading of each DER, and how the DER does",
  options: {
    site: optional("SITE", "Of this site"),
    org: optional("ORG", `Of this organization; ${organizationDefault}`),
    types: several("TYPE", `Only of these types: ${readingTypes.join(", ")}`, oneOf(readingTypes)),
  },
  examples: [
    "novacore latest",
    "novacore latest --site sit-01J… --types battery",
    "novacore latest --json | jq 'select(.state != \"online\") | .der_name'",
  ],
  async run({ site, org, types }, { connect, output, signal }) {
    const connected = await connect();
    const { nova } = connected;
    const source =
      site === undefined
        ? nova.org(await chooseOrganization(connected, org, signal))
        : nova.site(site);
    await output.list(ofTypes(source.latest({ signal }), types), columns);
  },
});

const columns: readonly Column<LatestReading>[] = [
  { title: "NAME", of: ({ der_name }) => der_name },
  { title: "TYPE", of: ({ type }) => type },
  { title: "POWER", of: ({ reading }) => reading && powerText(reading), align: "right" },
  { title: "", of: ({ reading }) => reading && flowText(reading) },
  { title: "CHARGE", of: ({ reading }) => reading && chargeText(reading), align: "right" },
  { title: "AGE", of: ({ age_ms }) => (age_ms === null ? null : ageText(age_ms)), align: "right" },
  { title: "STATE", of: ({ state }) => state },
  { title: "WHY", of: ({ why }) => why?.replaceAll("_", " ") },
  { title: "SITE", of: ({ site_id }) => site_id },
];

async function* ofTypes(
  all: ReturnType<ReturnType<Novacore["site"]>["latest"]>,
  types: readonly string[] | undefined,
) {
  for await (const one of all) {
    if (types === undefined || (one.type !== null && types.includes(one.type))) yield one;
  }
}
