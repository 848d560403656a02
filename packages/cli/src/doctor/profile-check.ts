import { statSync } from "node:fs";
import { platform } from "node:os";
import type { ProfileFolder } from "../profile.ts";
import { type Finding, failure, ok, skipped } from "./finding.ts";

/** Whether others on the machine can read the key and the token. */
export function checkProfile(folder: ProfileFolder): Finding {
  const check = "Profile";
  if (platform() === "win32") return skipped(check, "Windows has no file modes");
  const open = [
    ...tooOpen(folder.path, 0o700),
    ...tooOpen(folder.profilePath, 0o600),
    ...tooOpen(folder.keyPath, 0o600),
  ];
  if (open.length > 0) {
    const paths = open.map(({ path, mode }) => `${path} (${mode.toString(8)})`).join(", ");
    const fix = open.map(({ path, wanted }) => `chmod ${wanted.toString(8)} '${path}'`).join("; ");
    return failure(check, `others can look into ${paths}`, fix);
  }
  if (modeOf(folder.path) === undefined) return skipped(check, "nobody has logged in by it");
  return ok(check, `${folder.path} is yours alone`);
}

function tooOpen(path: string, wanted: number) {
  const mode = modeOf(path);
  return mode === undefined || (mode & ~wanted) === 0 ? [] : [{ path, mode, wanted }];
}

function modeOf(path: string): number | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  return found && found.mode & 0o777;
}
