/** Prints the readings of the last hour, then new ones; goes on where it ended: replay.ts [--count N] */
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { jetstream } from "@nats-io/jetstream";
import { backEnd, connectBackEnd, loginJwt, printReading } from "./back-end.ts";

const { values } = parseArgs({ options: { count: { type: "string" } } });
const name = "node-example";
const batch = 50;
const retryMs = 1_000;
let left = Number(values.count ?? Number.POSITIVE_INFINITY);

const { stream, consumer: natsName } = await openConsumer();
const connection = await connectBackEnd();
// JetStream is in the hub's account, which a back end reaches as the domain "hub".
const consumer = await jetstream(connection, { domain: "hub" }).consumers.get(stream, natsName);
while (left > 0) {
  try {
    // No more than are printed at once: what was delivered and not acknowledged comes again later.
    const messages = await consumer.fetch({ max_messages: Math.min(left, batch), expires: 2_000 });
    for await (const message of messages) {
      printReading(message);
      message.ack();
      left -= 1;
    }
  } catch (error) {
    console.error(`${error}; trying again`);
    await delay(retryMs);
  }
}
await connection.drain(); // sends the acknowledgements that are still on their way

/** The hub keeps the consumer and its position: only the first run makes it. */
async function openConsumer(): Promise<{ stream: string; consumer: string }> {
  const found = await ask("GET", `/nats/consumers/${name}`);
  const since = Date.now() - 3_600_000;
  const wish = { name, org_id: backEnd.org_id, since };
  const answer = found.status === 404 ? await ask("POST", "/nats/consumers", wish) : found;
  if (answer.ok) return JSON.parse(await answer.text());
  throw new Error(`the hub answered ${answer.status} ${await answer.text()}`);
}

function ask(method: string, path: string, body?: object): Promise<Response> {
  const headers = new Headers({ authorization: `Bearer ${loginJwt()}` });
  if (body === undefined) return fetch(`${backEnd.base_url}${path}`, { method, headers });
  headers.set("content-type", "application/json");
  return fetch(`${backEnd.base_url}${path}`, { method, headers, body: JSON.stringify(body) });
}
