import type { Progress as Step } from "@novacore/simulator";
import { noFaults } from "@novacore/simulator/faults";
import { defineCommand } from "../command.ts";
import { CommandFailed, UsageError } from "../failure.ts";
import { readFaults, readSpeed } from "../faults-option.ts";
import { flag, optional } from "../field.ts";
import { choosePlaces, waysIn } from "../hub-places.ts";
import { decimal, duration, oneOf, pastTime, wholeNumber } from "../readers.ts";
import { lackText, summaryJson, summaryRows } from "../simulation-summary.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

export const simulate = defineCommand({
  summary: "Run virtual homes against the hub",
  notes:
    "Each home has a site of its own, a gateway, and solar, battery, meter and charger. The same seed " +
    "gives the same homes and faults. At a speed above 1 the homes' time lies in the past, and ends now. " +
    "Faults: drop (share of readings that are lost), late (share that comes up to ten minutes late), " +
    "duplicate (share that is sent twice), drift (how far the gateways' clocks are ahead, -30s: behind), " +
    "dialect (canonical, legacy, lower-case, seconds, suffixed, or mixed). Readings older than seven " +
    "days go over nats or http alone.",
  options: {
    homes: optional("N", "How many; default: 1", wholeNumber(1, 1_000)),
    hours: optional("HOURS", "How much of their time; default: 1", decimal(0.001, 24 * 3_660)),
    speed: optional("SPEED", "1 (real time, the default), 60x, or max", readSpeed),
    every: optional("TIME", "Between readings of a device; default: 10s", duration(1_000, hourMs)),
    from: optional("TIME", "When it begins, as 2d or ISO-8601", pastTime()),
    faults: optional("LIST", "As drop=0.01,late=0.02,drift=30s,dialect=legacy", readFaults),
    seed: optional(
      "N",
      "Same seed, same homes and faults; default: 1",
      wholeNumber(0, 2 ** 31 - 1),
    ),
    via: optional("WAY", "mqtt (QoS 1, the default), nats or http", oneOf(waysIn)),
    org: optional("ORG", "Organization to put the homes in; default: a new one"),
    mqttUrl: optional("URL", "Default: as the hub tells"),
    natsUrl: optional("URL", "Default: as the hub tells"),
    verify: flag("Ask the hub at the end whether it has everything, and fail if not"),
    clean: flag("Delete homes and organization at the end, also after Ctrl-C"),
  },
  examples: [
    "novacore simulate --homes 5",
    "novacore simulate --homes 20 --hours 24 --speed 60x --faults drop=0.01,late=0.02,duplicate=0.01",
    "novacore simulate --hours 24 --speed max --faults dialect=mixed,drift=30s --verify --clean",
  ],
  stopMs: 60_000,
  async run(given, { connect, output, progress, say, signal }) {
    const { speed = 1, hours = 1, homes = 1, seed = 1, via = "mqtt", verify, clean } = given;
    const everyMs = given.every ?? 10_000;
    const durationMs = Math.round(hours * hourMs);
    checkTime(given.from, durationMs, speed, via);
    const { nova, url } = await connect();
    const places = await choosePlaces(nova, url, { ...given, via }, signal);
    const simulator = await import("@novacore/simulator"); // no other command waits for it to load
    const simulation = await simulator.simulate({
      ...{ nova, homes, durationMs, everyMs, speed, seed, via, verify, clean, signal },
      ...{ orgId: given.org, fromMs: given.from, faults: given.faults ?? noFaults },
      places,
      onProgress: (step) => progress.show(stepText(step)),
    });
    progress.done();
    const about = { via, speed, seed, isCleaned: clean };
    await output.record(summaryJson(simulation, about), summaryRows(simulation, about));
    const { orgId } = simulation;
    if (!clean && !output.isJson) say(`To look at them: novacore latest --org ${orgId}`);
    const lack = lackText(simulation);
    if (lack !== undefined) throw new CommandFailed(lack);
  },
});

/** No reading may lie in the future of a hub, which would refuse it. */
function checkTime(
  fromMs: number | undefined,
  durationMs: number,
  speed: number | "max",
  via: string,
): void {
  const isLive = speed !== "max" && speed <= 1;
  const firstMs = fromMs ?? (isLive ? Date.now() : Date.now() - durationMs);
  if (!isLive && firstMs + durationMs > Date.now()) {
    throw new UsageError("--from and --hours end in the future; begin earlier, or run at speed 1.");
  }
  if (firstMs < Date.UTC(2024, 0, 1)) {
    throw new UsageError("the virtual homes begin in 2024; give a later --from.");
  }
  if (via === "mqtt" && firstMs < Date.now() - 7 * dayMs) {
    throw new UsageError("MQTT takes readings of the last seven days; give --via http or nats.");
  }
}

function stepText(step: Step): string {
  switch (step.kind) {
    case "enrolling":
      return `Making home ${step.done + 1} of ${step.of}`;
    case "sending":
      return `${Math.floor(step.share * 100)} %, ${step.tally.acknowledged} messages acknowledged`;
    case "verifying":
      return "Asking the hub what it has";
    case "cleaning":
      return "Deleting the homes";
  }
}
