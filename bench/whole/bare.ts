/**
 * The bare publisher, in a process of its own: `node bare.ts NATS_URL DATA_DIR [ORG…]`, then told
 * `{readings}` it writes as many ready readings into ENRICHED_TELEMETRY as fast as they are
 * acknowledged, with as many under way as the hub has, and answers how long that took.
 */

import { connectHub } from "../../packages/server/src/nats/connection.ts";
import { loadHubKeys } from "../../packages/server/src/nats/hub-keys.ts";
import { createLog } from "../../packages/server/src/observe/log.ts";
import { createPublisher } from "../../packages/server/src/store/publisher.ts";

const underWayMax = 4_000;
const ders = 1_000;
const dersOfSite = 5;

const [natsUrl = "", dataDir = "", ...named] = process.argv.slice(2);
const orgs = named.length === 0 ? ["org-bare"] : named;
const connection = await connectHub({ natsUrl, keys: loadHubKeys(dataDir) }, "HUB", "bare");
const publisher = createPublisher({ connection, log: createLog("warn") });
let round = 0;

process.on("message", ({ readings }: { readings: number }) => {
  void publish(readings).then((seconds) => process.send?.({ seconds }));
});

async function publish(readings: number): Promise<number> {
  round += 1;
  const startedMs = performance.now();
  let open = 0;
  let failed: Error | undefined;
  let resume: () => void = () => undefined;
  for (let index = 0; index < readings; index++) {
    const derIndex = index % ders;
    const der = `der-${derIndex}`;
    const timestamp = Date.now();
    open += 1;
    publisher.send(
      subjectOf(orgs[index % orgs.length] ?? "", Math.floor(derIndex / dersOfSite), der),
      payload(der, timestamp, index),
      `${der}:${round}-${index}`,
      (result) => {
        if (result instanceof Error) failed = result;
        open -= 1;
        if (open < underWayMax / 2) resume();
      },
    );
    if (open < underWayMax) continue;
    await new Promise<void>((resolve) => {
      resume = resolve;
    });
  }
  while (open > 0) {
    await new Promise<void>((resolve) => {
      resume = resolve;
    });
  }
  if (failed !== undefined) throw failed;
  return (performance.now() - startedMs) / 1000;
}

function subjectOf(orgId: string, site: number, der: string): string {
  return `orgs.${orgId}.sites.sit-${site}.devices.dev-bare.ders.${der}.telemetry.json.v1`;
}

/** What the hub stores of a reading of the fleet, byte for byte as long. */
function payload(der: string, timestamp: number, index: number): Buffer {
  const reading = {
    type: "pv",
    timestamp,
    read_time_ms: 23,
    make: "Bench",
    W: -1000 - (index % 2000),
    V: 231.4,
    A: -4.32152117545376,
    rated_power_W: 8000,
    mppt1_V: 402.1,
    mppt1_A: 3.91,
    mppt2_V: 398.7,
    mppt2_A: 3.87,
    heatsink_C: 41.3,
    total_generation_Wh: 12_345_678 + index,
    lower_limit_W: -8000,
    upper_limit_W: 0,
    sent_ms: timestamp,
    org_id: "org-01m85dga4z5ra20db2gwzxc778",
    site_id: "sit-01m85dga4z5ra20db2gwzxc778",
    device_id: "dev-01m85dga4z5ra20db2gwzxc778",
    der_id: `der-01m85dga4z5ra20db2gwzx-${der}`,
    der_name: "string-12",
    received_at: timestamp,
  };
  return Buffer.from(JSON.stringify(reading));
}
