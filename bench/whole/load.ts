/**
 * The gateways of a fleet, in a process of their own. Told `{kind: "connect", natsUrl, gateways}`
 * they log in; told `{kind: "publish", readings, perSecond}` they publish as many readings, the DERs
 * in turn, at a steady rate or (0) as fast as nats-server takes them.
 */
import { setTimeout as delay } from "node:timers/promises";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { gatewayTelemetrySubject } from "@novacore/protocol";
import { derName, hardwareId } from "./fleet.ts";

export type LoadOrder =
  | {
      readonly kind: "connect";
      readonly natsUrl: string;
      readonly dersPerGateway: number;
      readonly gateways: readonly { readonly serial: string; readonly jwt: string }[];
    }
  | { readonly kind: "publish"; readonly readings: number; readonly perSecond: number };

/** Readings are published in slices of this time when the rate is steady. */
const sliceMs = 5;
/** Readings between two flushes at full speed: the socket must not become the buffer. */
const flushEvery = 2_000;

let connections: NatsConnection[] = [];
let subjects: string[][] = [];
let sent = 0;
let lastMs = 0;

process.on("message", (order: LoadOrder) => {
  void obey(order).then(() => process.send?.({ kind: "done", order: order.kind }));
});

async function obey(order: LoadOrder): Promise<void> {
  switch (order.kind) {
    case "connect":
      connections = await Promise.all(
        order.gateways.map(({ serial, jwt }) =>
          connect({
            servers: order.natsUrl,
            user: serial,
            pass: jwt,
            inboxPrefix: `_INBOX_${serial}`,
          }),
        ),
      );
      subjects = order.gateways.map(({ serial }) =>
        Array.from({ length: order.dersPerGateway }, (_, index) =>
          gatewayTelemetrySubject({ serial, hardwareId, der: derName(index) }),
        ),
      );
      return;
    case "publish":
      if (order.perSecond > 0) await publishSteadily(order.readings, order.perSecond);
      else await publishAtFullSpeed(order.readings);
      return;
  }
}

async function publishSteadily(readings: number, perSecond: number): Promise<void> {
  const startMs = performance.now();
  for (let done = 0; done < readings; ) {
    const due = Math.min(readings, Math.floor(((performance.now() - startMs) / 1000) * perSecond));
    for (; done < due; done++) publishOne();
    await delay(sliceMs);
  }
}

async function publishAtFullSpeed(readings: number): Promise<void> {
  for (let done = 1; done <= readings; done++) {
    publishOne();
    if (done % flushEvery === 0) await Promise.all(connections.map((each) => each.flush()));
  }
  await Promise.all(connections.map((each) => each.flush()));
}

/** All gateways in turn, then the next DER of each; a round of all DERs shares one new instant. */
function publishOne(): void {
  const gateway = sent % connections.length;
  const ders = subjects[gateway] ?? [];
  if (sent % (connections.length * ders.length) === 0) lastMs = Math.max(Date.now(), lastMs + 1);
  const der = Math.floor(sent / connections.length) % ders.length;
  sent += 1;
  connections[gateway]?.publish(ders[der] ?? "", payload(lastMs, sent));
}

/** A PV reading as an inverter with two trackers sends it, about 350 bytes. */
function payload(timestamp: number, index: number): string {
  const W = -1000 - (index % 2000);
  return JSON.stringify({
    type: "pv",
    make: "Bench",
    timestamp,
    read_time_ms: 23,
    W,
    V: 231.4,
    A: W / 231.4,
    rated_power_W: 8000,
    mppt1_V: 402.1,
    mppt1_A: 3.91,
    mppt2_V: 398.7,
    mppt2_A: 3.87,
    heatsink_C: 41.3,
    total_generation_Wh: 12_345_678 + index,
    lower_limit_W: -8000,
    upper_limit_W: 0,
    sent_ms: Date.now(),
  });
}
