import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineCommand } from "../command.ts";
import { CommandFailed } from "../failure.ts";
import { flag } from "../field.ts";

/** The hub's own limit for a stop is 20 s. */
const stopMs = 25_000;

export const up = defineCommand({
  summary: "Start a hub with a demo on this machine",
  notes:
    "What npm start does: nats-server, the hub, and a virtual home that reports every second. Ctrl-C " +
    "stops everything; the data stays. The hub's settings are environment variables " +
    "(docs/operating.md).",
  options: { noDemo: flag("Without the virtual home") },
  examples: ["novacore up", "NOVACORE_HTTP_PORT=9090 novacore up --no-demo"],
  stopMs,
  async run({ noDemo }, { signal, terminal }) {
    const { args, detached } = findProgram();
    const child = spawn(process.execPath, [...args, ...(noDemo ? ["--no-demo"] : [])], {
      env: terminal.env,
      detached,
      // By the channel it sees when this process is gone, however it went.
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    // A terminal's Ctrl-C has reached a clone's script already, which counts both as one.
    const stop = () => child.kill("SIGTERM");
    signal.addEventListener("abort", stop, { once: true });
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", resolve);
    });
    signal.removeEventListener("abort", stop);
    if (!signal.aborted && code !== 0) throw new CommandFailed("The hub ended; it has said why.");
  },
});

interface HubProgram {
  readonly args: readonly string[];
  /** Out of reach of a terminal's Ctrl-C: with ours it would be the second, which means now. */
  readonly detached: boolean;
}

/** A clone's own start script, or the hub's package where it is installed beside this one. */
function findProgram(): HubProgram {
  const clone = new URL("../../../../", import.meta.url);
  const inClone = (path: string) => fileURLToPath(new URL(path, clone));
  // Both: an installed command lies as deep in a project that may have a script of that name.
  const [hub, start] = [inClone("packages/server/src/main.ts"), inClone("scripts/start.mjs")];
  if (existsSync(hub) && existsSync(start)) {
    const followParent = new URL("scripts/follow-parent.mjs", clone).href;
    return { args: ["--import", followParent, start], detached: false };
  }
  try {
    const program = fileURLToPath(import.meta.resolve("@novacore/server/main"));
    const followParent = import.meta.resolve("#follow-parent");
    return { args: ["--import", followParent, program, "start"], detached: true };
  } catch (cause) {
    throw new CommandFailed(
      "The hub is not part of this installation. Install it beside this command (npm install " +
        "@novacore/server), or clone the project and run npm start there.",
      { cause },
    );
  }
}
