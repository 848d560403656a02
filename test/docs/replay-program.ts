import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { listen } from "../support/listener.ts";
import { runProgram } from "../support/program.ts";
import type { Stage } from "./stage.ts";

const project = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Runs an `sh` block, up to each comment that is JSON: that is what was printed last. What it publishes
 * has to arrive.
 */
export async function replayShell(text: string, stage: Stage): Promise<void> {
  const { values } = stage;
  for (const { commands, shown } of stepsOf(text)) {
    const printed = await runProgram("bash", ["-euc", values.fill(commands)], { cwd: project });
    if (shown === "") continue;
    const isAsShown = values.matchesJson(shown, JSON.parse(printed));
    assert.ok(isAsShown, `\n  shown:   ${shown}\n  printed: ${printed}`);
  }
  await untilArrived(text, stage);
}

/** Commands, each with the JSON that stands below them in comments; none: "". */
function stepsOf(text: string): { readonly commands: string; readonly shown: string }[] {
  const parts = text.split(/^((?:# [{[].*)(?:\n# {3}.*)*)$/m);
  return parts.flatMap((commands, index) => {
    const isCommands = index % 2 === 0 && commands.trim() !== "";
    const shown = parts[index + 1] ?? "";
    return isCommands ? [{ commands, shown: shown.replaceAll(/^# +/gm, "") }] : [];
  });
}

/** Runs a `js` block as a module in the project's folder; what it publishes has to arrive. */
export async function replayScript(text: string, stage: Stage): Promise<void> {
  const args = ["--input-type=module", "--eval", stage.values.fill(text)];
  await runProgram(process.execPath, args, { cwd: project });
  await untilArrived(text, stage);
}

async function untilArrived(text: string, { home, values }: Stage): Promise<void> {
  if (!text.includes("{{now}}")) return;
  const url = `${home.url}/stream/sites/${home.siteId}?since=${values.get("a_minute_ago")}`;
  const listener = await listen(url, { token: home.token });
  const isIt = (timestamp: number) => `${timestamp}` === values.get("now");
  await listener.until("the example's reading", () =>
    listener.readings().some(({ timestamp }) => isIt(timestamp)),
  );
  await listener.close();
}
