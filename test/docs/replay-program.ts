import { fileURLToPath } from "node:url";
import { listen } from "../support/listener.ts";
import { runProgram } from "../support/program.ts";
import type { Stage } from "./stage.ts";

const project = fileURLToPath(new URL("../..", import.meta.url));

/** Runs an `sh` block; what it publishes has to arrive. */
export async function replayShell(text: string, stage: Stage): Promise<void> {
  await runProgram("bash", ["-euc", stage.values.fill(text)], { cwd: project });
  await untilArrived(text, stage);
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
