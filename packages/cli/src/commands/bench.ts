import type { Novacore } from "@novacore/client";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { UsageError } from "../failure.ts";
import { flag, optional } from "../field.ts";
import { HubBench, type HubBenchResult } from "../hub-bench.ts";
import { choosePlaces, type HubPlaces, type WayIn, waysIn } from "../hub-places.ts";
import type { LatencySummary } from "../latencies.ts";
import { describeMachine, type Machine } from "../machine.ts";
import type { Row } from "../output.ts";
import { decimal, oneOf, wholeNumber } from "../readers.ts";

export const bench = defineCommand({
  summary: "Measure a hub from outside: latency and rate",
  notes:
    "Makes an organization with a site and a gateway, publishes readings one by one, listens for them, " +
    "and deletes what it made. The same process publishes and listens: at high rates it measures " +
    "itself as well.",
  options: {
    seconds: optional("N", "How long it publishes; default: 10", wholeNumber(1, 3_600)),
    rate: optional("N", "Readings a second, or max; default: 100", readRate),
    via: optional("WAY", "mqtt (QoS 1, the default), nats or http", oneOf(waysIn)),
    transport: optional("NAME", "websocket (the default) or sse", oneOf(["websocket", "sse"])),
    mqttUrl: optional("URL", "Default: as the hub tells"),
    natsUrl: optional("URL", "Default: as the hub tells"),
    iOwnThisHub: flag("Measure a hub that is not on this machine"),
  },
  examples: [
    "novacore bench",
    "novacore bench --rate max --seconds 30 --via nats",
    "novacore bench --transport sse --json | jq .delivery.p99_ms",
  ],
  stopMs: 30_000,
  async run(given, context) {
    const { via = "mqtt", transport = "websocket", seconds = 10, rate = 100 } = given;
    const { nova, url } = await context.connect({ transport });
    assertOwn(url, given.iOwnThisHub);
    const places = await choosePlaces(nova, url, { ...given, via }, context.signal);
    const result = await measure(nova, { via, places, seconds, rate }, context);
    const report = { ...result, via, transport, rate, hub: url, machine: describeMachine() };
    context.progress.done();
    await context.output.record(report, rowsOf(report));
  },
});

/** One gateway's: of uploads and batches the hub takes four of a gateway at a time. */
const inFlightMax = { mqtt: 64, nats: 4, http: 4 } as const;

interface Wish {
  readonly via: WayIn;
  readonly places: HubPlaces;
  readonly seconds: number;
  readonly rate: number | "max";
}

async function measure(
  nova: Novacore,
  { via, places, seconds, rate }: Wish,
  { progress, signal }: Context,
): Promise<HubBenchResult> {
  const { createHome, Estate, homeDevices, openSender } = await import("@novacore/simulator");
  progress.show("Making a home");
  const home = createHome();
  const estate = await Estate.open(nova);
  try {
    const enrolled = await estate.addHome("Bench", "canonical");
    const sender = await openSender(via, enrolled.gateway, places);
    try {
      const stream = nova.site(enrolled.siteId).readings({ since: 0, signal });
      const onProgress = (published: number) => progress.show(`${published} readings`);
      const parts = { home, devices: homeDevices, enrolled, sender, stream, signal, onProgress };
      const load = { seconds, rate, inFlightMax: inFlightMax[via] };
      return await new HubBench({ ...parts, ...load }).run();
    } finally {
      await sender.close();
    }
  } finally {
    progress.show("Deleting the home");
    await estate.remove();
  }
}

function readRate(text: string): number | "max" {
  return text === "max" ? text : decimal(0.1, 100_000)(text);
}

/** A measurement is load: nobody puts it on others' hubs by mistake. */
function assertOwn(url: string, isOwn: boolean): void {
  const { hostname } = new URL(url);
  const isHere = hostname === "localhost" || hostname === "[::1]" || hostname.startsWith("127.");
  if (isHere || isOwn) return;
  throw new UsageError(`${url} is not on this machine; say --i-own-this-hub if you may load it.`);
}

interface Report extends HubBenchResult {
  readonly via: string;
  readonly transport: string;
  readonly hub: string;
  readonly machine: Machine;
}

function rowsOf(report: Report): Row[] {
  const { cpu, cores, memory_GiB, system, node } = report.machine;
  return [
    ["Hub", report.hub],
    ["Machine", `${cpu}, ${cores} cores, ${memory_GiB} GiB, ${system}, Node ${node}`],
    ["Published", `${report.published} readings over ${report.via} in ${report.seconds} s`],
    ["  rejected", report.rejected],
    ["Received", `${report.received} readings over ${report.transport}`],
    ["  missing", report.missing],
    ["Acknowledged", `${report.acknowledged_per_s} a second`],
    ["  latency", latencyText(report.acknowledgement)],
    ["Delivered", `${report.received_per_s} a second`],
    ["  latency", latencyText(report.delivery)],
  ];
}

function latencyText({ p50_ms, p95_ms, p99_ms, max_ms }: LatencySummary): string {
  const [p50, p95, p99, max] = [p50_ms, p95_ms, p99_ms, max_ms].map((ms) => `${ms ?? "–"} ms`);
  return `p50 ${p50}, p95 ${p95}, p99 ${p99}, most ${max}`;
}
