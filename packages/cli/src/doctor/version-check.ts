import { version as cliVersion } from "../version.ts";
import { type Finding, failure, ok, warning } from "./finding.ts";
import type { HubAnswer } from "./hub-check.ts";

const nodeMajorMin = 22;
/** Older ones have known holes in their access control. */
const natsServerMin = "2.15.1";

export function checkNode(nodeVersion: string): Finding {
  const check = "Node";
  const [major = "0"] = nodeVersion.split(".");
  if (Number(major) >= nodeMajorMin) return ok(check, nodeVersion);
  return failure(check, `${nodeVersion} is too old`, `install Node ${nodeMajorMin} or newer`);
}

export function checkVersions({ version, natsServer }: HubAnswer): Finding[] {
  return [ofHub(version), ...(natsServer === undefined ? [] : [ofNatsServer(natsServer)])];
}

function ofHub(version: string): Finding {
  const check = "Versions";
  const said = `hub ${version}, this command ${cliVersion}`;
  // Before 1.0 a minor version may change what is understood.
  const isSame = version.split(".").slice(0, 2).join() === cliVersion.split(".").slice(0, 2).join();
  if (isSame) return ok(check, said);
  const isVersion = /^\d+(\.\d+)*(-[\w.-]+)?$/.test(version); // somebody pastes it into a shell
  const command = isVersion ? `: npx novacore@${version}` : "";
  return warning(check, said, `use the command of the hub's version${command}`);
}

function ofNatsServer(version: string): Finding {
  const check = "nats-server";
  if (isAtLeast(version, natsServerMin)) return ok(check, version);
  return failure(check, `${version} is too old`, `install ${natsServerMin} or newer`);
}

function isAtLeast(version: string, least: string): boolean {
  const numbers = (text: string) => (/^\d+(\.\d+)*/.exec(text)?.[0] ?? "0").split(".").map(Number);
  const [have, want] = [numbers(version), numbers(least)];
  for (const [index, wanted] of want.entries()) {
    const found = have[index] ?? 0;
    if (found !== wanted) return found > wanted;
  }
  return true;
}
