import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { checkCertificate } from "../doctor/certificate-check.ts";
import type { Finding } from "../doctor/finding.ts";
import { checkClock, checkDurability, checkHub, hubCheck } from "../doctor/hub-check.ts";
import { checkLogin } from "../doctor/login-check.ts";
import { checkPorts } from "../doctor/port-check.ts";
import { checkProfile } from "../doctor/profile-check.ts";
import { checkSse } from "../doctor/sse-check.ts";
import { checkNode, checkVersions } from "../doctor/version-check.ts";
import { checkWebSocket } from "../doctor/websocket-check.ts";
import { CommandFailed, HubAway } from "../failure.ts";
import { optional } from "../field.ts";
import { chooseHubUrl } from "../hub-url.ts";
import { printable } from "../printable.ts";
import { ProfileFolder } from "../profile.ts";

export const doctor = defineCommand({
  summary: "Check the way to a hub, and say what to do about what is not well",
  notes:
    "Ends with 1 when something will not work, with 6 when no hub answers. It needs no login, and checks more with one.",
  options: {
    url: optional("URL", "Address of the hub; default: NOVACORE_URL, else the profile's"),
  },
  examples: ["novacore doctor", "novacore doctor --url https://hub.example --json"],
  async run({ url }, context) {
    const failed: string[] = [];
    for await (const finding of examine(url, context)) {
      if (finding.verdict === "failure") failed.push(finding.check);
      await show(finding, context);
    }
    if (failed.includes(hubCheck)) throw new HubAway("The hub cannot be reached.");
    if (failed.length > 0) throw new CommandFailed(`${failed.length} of the checks failed.`);
  },
});

async function* examine(urlGiven: string | undefined, context: Context): AsyncGenerator<Finding> {
  const { terminal, progress, signal, profileName } = context;
  const folder = new ProfileFolder(terminal.env, profileName);
  const hubUrl = chooseHubUrl(urlGiven, terminal.env, folder.read());
  const url = new URL(hubUrl);
  yield checkNode(process.versions.node);
  yield checkProfile(folder);
  progress.show(`Checking ${url.origin}`);
  yield await checkCertificate(url);
  const { findings, hub } = await checkHub(url, signal);
  yield* findings;
  if (hub === undefined) return;
  yield* checkVersions(hub);
  yield* checkDurability(hub);
  yield* checkClock(hub);
  const login = await checkLogin(hubUrl, context);
  yield* login.findings;
  progress.show("Waiting for the first bytes of a stream");
  yield await checkSse(url, login.stream, signal);
  yield await checkWebSocket(url);
  progress.show("Trying ports");
  yield* await checkPorts(url, signal);
}

const words = { ok: "ok", warning: "warn", failure: "FAIL", skipped: "skip" } as const;
const colours = { ok: "green", warning: "yellow", failure: "red", skipped: "dim" } as const;

async function show(finding: Finding, { output }: Context): Promise<void> {
  if (output.isJson) return output.json(finding);
  const { check, verdict, said, fix } = finding;
  const word = output.style(colours[verdict], words[verdict].padEnd(4));
  await output.text(`${word}  ${printable(check).padEnd(18)}  ${printable(said)}`);
  if (fix !== undefined) await output.text(`      ${"".padEnd(18)}  → ${printable(fix)}`);
}
