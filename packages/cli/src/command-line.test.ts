import assert from "node:assert/strict";
import { test } from "node:test";
import { defineCommand, defineGroup } from "./command.ts";
import { readCommandLine } from "./command-line.ts";
import { UsageError } from "./failure.ts";
import { flag, optional, required, several } from "./field.ts";
import { decimal } from "./readers.ts";

let last: unknown;
const root = defineGroup("All", {
  site: defineGroup("Sites", {
    move: defineCommand({
      summary: "Move a site",
      operands: { site: required("SITE", "Id of the site"), note: optional("NOTE", "Why") },
      options: {
        latitude: optional("DEGREES", "North", decimal(-90, 90)),
        siteIds: several("SITE", "Others"),
        yes: flag("Do not ask"),
      },
      examples: [],
      async run(given) {
        last = given;
      },
    }),
  }),
});

async function given(line: string): Promise<unknown> {
  const { entry, words } = readCommandLine(line.split(" "), root);
  assert.equal(entry.kind, "command");
  const context = {} as Parameters<typeof entry.start>[0];
  if (entry.kind === "command") await entry.start(context, words);
  return last;
}

test("operands stand in their order, options anywhere, and lists with commas or repeated", async () => {
  const none = { note: undefined, latitude: undefined, siteIds: undefined, yes: false };
  assert.deepEqual(await given("site move sit-1"), { ...none, site: "sit-1" });
  const line = "--json site move --yes sit-1 --site-ids a,b --latitude -33.8 because --site-ids=c";
  assert.deepEqual(await given(line), {
    ...{ site: "sit-1", note: "because", latitude: -33.8, siteIds: ["a", "b", "c"], yes: true },
  });
  assert.deepEqual(await given("site move -- --odd"), { ...none, site: "--odd" });
});

test("what is wrong is told with what was typed, and with what was meant", async () => {
  for (const [line, message] of [
    ["sites move", /no command "novacore sites"\. Did you mean site\?/],
    ["site mve x", /no command "novacore site mve"\. Did you mean move\?/],
    ["site remove x", /There are move\./],
    ["site move", /^SITE is missing: Id of the site\.$/],
    ["site move a b c", /^"c" is one argument too many\.$/],
    [
      "site move a --lattitude 3",
      /"novacore site move" has no option --lattitude\. .*--latitude\?/,
    ],
    ["site move a -x", /has no option -x\.$/],
    ["site move a --latitude", /^--latitude needs a value: --latitude DEGREES\.$/],
    ["site move a --latitude --yes", /^--latitude needs a value/],
    ["site move a --latitude=", /^--latitude is empty\.$/],
    ["site move a --latitude 91", /^--latitude is "91"; give a number from -90 to 90\.$/],
    ["site move a --yes=no", /^--yes takes no value, and got "no"\.$/],
    ["site move constructor toString --hasOwnProperty", /has no option --hasOwnProperty\.$/],
    ["toString", /no command "novacore toString"/],
  ] as const) {
    await assert.rejects(
      async () => given(line),
      (error) => {
        assert.ok(error instanceof UsageError, String(error));
        assert.match(error.message, message, line);
        return true;
      },
    );
  }
});
