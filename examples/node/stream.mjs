/** Prints the demo site's readings and resumes after a lost connection: stream.mjs [--count N] */
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";

const { values } = parseArgs({ options: { count: { type: "string" } } });
const dataDir =
  process.env.NOVACORE_DATA_DIR ?? new URL("../../.novacore", import.meta.url).pathname;
const retryMs = 1_000;

let left = Number(values.count ?? Number.POSITIVE_INFINITY);
let cursor;

while (left > 0) {
  try {
    await follow();
  } catch (error) {
    console.error(`${error.message}; trying again`);
  }
  if (left > 0) await delay(retryMs);
}

async function follow() {
  // Read again at each attempt: the demo renews its token in the file.
  const demo = JSON.parse(readFileSync(`${dataDir}/demo.json`, "utf8"));
  const response = await fetch(`${demo.base_url}/stream/sites/${demo.site_id}`, {
    headers: {
      authorization: `Bearer ${demo.token}`,
      ...(cursor === undefined ? {} : { "last-event-id": cursor }),
    },
  });
  if (!response.ok) throw new Error(`the hub answered ${response.status}`);
  for await (const event of eventsOf(response.body)) {
    cursor = event.id ?? cursor;
    if (event.data === undefined) continue;
    const { type, W, timestamp } = JSON.parse(event.data);
    console.log(`${new Date(timestamp).toISOString()} ${type.padEnd(10)} ${W} W`);
    left -= 1;
    if (left <= 0) return;
  }
}

/** An event ends with an empty line; each of its other lines is `field: value`, or a comment. */
async function* eventsOf(body) {
  let text = "";
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const events = text.split("\n\n");
    text = events.pop() ?? "";
    for (const event of events) {
      const lines = event.split("\n").filter((line) => !line.startsWith(":"));
      yield Object.fromEntries(lines.map((line) => line.split(/: ?(.*)/s, 2)));
    }
  }
}
