/**
 * The clients of the recovery storm, in a process of their own. Told `{kind: "open", …}` they connect
 * and are cut at random from then on; `{kind: "calm"}` ends the cuts; `{kind: "report", expected}`
 * waits until everybody has as many readings as expected and answers what is wrong.
 */
import { setTimeout as delay } from "node:timers/promises";
import { StormySocket, type StormySubscription } from "../../test/support/stormy-socket.ts";

export interface StormClient {
  readonly token: string;
  readonly subscription: StormySubscription;
  readonly credit?: number;
}

export type StormOrder =
  | {
      readonly kind: "open";
      readonly url: string;
      readonly since: number;
      readonly meanLifeMs: number;
      readonly clients: readonly StormClient[];
    }
  | { readonly kind: "calm" }
  /** For each client: der_id → how many readings are stored, and the sum of their timestamps. */
  | { readonly kind: "report"; readonly expected: readonly (readonly [string, number[]][])[] };

export interface StormReport {
  readonly readings: number;
  readonly cuts: number;
  readonly replaysMs: readonly number[];
  readonly faults: readonly string[];
}

const sockets: StormySocket[] = [];
/** In small groups: a listen queue holds a few hundred. */
const atOnce = 50;
/** How long the last readings may take to arrive. */
const patienceMs = 30_000;

process.on("message", (order: StormOrder) => {
  void obey(order).then((answer) => process.send?.(answer));
});

async function obey(order: StormOrder): Promise<StormReport | { readonly done: string }> {
  switch (order.kind) {
    case "open":
      await open(order);
      return { done: order.kind };
    case "calm":
      for (const socket of sockets) socket.calm();
      return { done: order.kind };
    case "report":
      return report(order.expected);
  }
}

async function open(order: Extract<StormOrder, { kind: "open" }>): Promise<void> {
  const { url, since, meanLifeMs, clients } = order;
  for (const [index, { token, subscription, credit }] of clients.entries()) {
    const socket = new StormySocket({
      ...{ url, token, subscription, since, meanLifeMs, credit },
      random: Math.random,
      onChange: () => undefined,
    });
    sockets.push(socket);
    socket.connect();
    if (index % atOnce === atOnce - 1) await delay(20);
  }
}

async function report(expected: readonly (readonly [string, number[]][])[]): Promise<StormReport> {
  const counts = expected.map((ders) => ders.reduce((sum, [, stamps]) => sum + stamps.length, 0));
  const deadline = performance.now() + patienceMs;
  const isMissing = () => sockets.some(({ count }, index) => count < (counts[index] ?? 0));
  while (isMissing() && performance.now() < deadline) await delay(50);
  const faults = sockets.flatMap((socket, index) => faultsOf(socket, expected[index] ?? []));
  for (const socket of sockets) socket.stop();
  return {
    readings: sockets.reduce((sum, { count }) => sum + count, 0),
    cuts: sockets.reduce((sum, { cuts }) => sum + cuts, 0),
    replaysMs: sockets.flatMap(({ replaysMs }) => replaysMs),
    faults,
  };
}

/** The same readings in the same order, each once: anything else is a fault. */
function faultsOf(socket: StormySocket, expected: readonly [string, number[]][]): string[] {
  const faults = [...socket.complaints];
  for (const [derId, stamps] of expected) {
    const got = socket.readings.get(derId) ?? [];
    const at = stamps.findIndex((stamp, index) => got[index] !== stamp);
    if (at >= 0 || got.length !== stamps.length) {
      faults.push(`${derId}: ${got.length} of ${stamps.length} readings, the first wrong at ${at}`);
    }
  }
  const known = new Set(expected.map(([derId]) => derId));
  for (const derId of socket.readings.keys()) {
    if (!known.has(derId)) faults.push(`${derId}: readings that nobody subscribed`);
  }
  return faults;
}
