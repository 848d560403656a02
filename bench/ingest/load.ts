/** The gateways of the bench, as a process of its own: publishes what it is told to, then says so. */
import { connectHub } from "../../packages/server/src/nats/connection.ts";
import { loadHubKeys } from "../../packages/server/src/nats/hub-keys.ts";
import { dersPerGateway, gateways, readingOf } from "./home.ts";

const [natsUrl = "", dataDir = ""] = process.argv.slice(2);
const connection = await connectHub({ natsUrl, keys: loadHubKeys(dataDir) }, "DEV", "load");
process.on("message", (order: { readings: number; perSecond: number }) => void publish(order));
process.send?.("ready");

/** `perSecond` 0: as fast as nats-server takes them. */
async function publish({ readings, perSecond }: { readings: number; perSecond: number }) {
  const startMs = Date.now();
  for (let index = 0; index < readings; index++) {
    // Each round of all DERs has its own millisecond, from the recent past.
    const round = Math.floor(index / (gateways * dersPerGateway));
    const { subject, json } = readingOf(index, startMs - 60_000 + round);
    connection.publish(subject, json);
    if (index % 500 === 499) await connection.flush();
    const dueMs = perSecond === 0 ? 0 : (index / perSecond) * 1000 - (Date.now() - startMs);
    if (dueMs > 1) await new Promise((resolve) => setTimeout(resolve, dueMs));
  }
  await connection.flush();
  process.send?.("published");
}
