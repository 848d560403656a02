import { homedir, platform } from "node:os";
import { join } from "node:path";
import type { Terminal } from "./terminal.ts";

/** Where the machine keeps what programs remember of a user: XDG's folder, or the system's own. */
export function configFolder(env: Terminal["env"], system: NodeJS.Platform = platform()): string {
  const { XDG_CONFIG_HOME, APPDATA, HOME } = env;
  if (XDG_CONFIG_HOME) return join(XDG_CONFIG_HOME, "novacore");
  const home = HOME || homedir();
  switch (system) {
    case "win32":
      return join(APPDATA || join(homedir(), "AppData", "Roaming"), "novacore");
    case "darwin":
      return join(home, "Library", "Application Support", "novacore");
    default:
      return join(home, ".config", "novacore");
  }
}
