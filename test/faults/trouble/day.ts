import assert from "node:assert/strict";
import type { ReadingType } from "@novacore/protocol";
import { type CuttableProxy, startCuttableProxy } from "../../browser/cuttable-proxy.ts";
import { tokenFor } from "../../client/tokens.ts";
import { waysIn } from "../../conformance/ways-in.ts";
import { backEndToken, createBackEnd } from "../../support/back-end.ts";
import { type Conditions, createConditions } from "../../support/conditions.ts";
import { createHome, type Home } from "../../support/home.ts";
import { type HubProcess, startHubProcess } from "../../support/hub-process.ts";
import { listenResuming } from "../../support/resuming-listener.ts";
import { type Load, startLoad } from "../load.ts";
import { readStored } from "../stored-readings.ts";
import type { Network, Stored } from "./client.ts";
import { Clients } from "./clients.ts";
import { type PlanParts, plansOf } from "./plans.ts";

export interface DayOptions {
  readonly clients: number;
  readonly processes: number;
  /** Between two readings of a DER; 0: as fast as they are acknowledged. */
  readonly pauseMs: number;
  /** Connections through one of the two networks are cut when they are so old. */
  readonly lifeMs: number;
}

/** A hub under load, and clients that hear it through networks that fail. */
export interface Day {
  readonly hub: HubProcess;
  /** All of both networks that lead to the hub. */
  readonly proxies: readonly CuttableProxy[];
  readonly groups: readonly Clients[];
  /** Waits until every gateway has got so many more readings acknowledged. */
  traffic(readings: number): Promise<void>;
  /** Waits until each client with short tokens has been given one after its first had ended. */
  renewals(): Promise<void>;
  /** Ends the load; what is wrong once everything should have come. */
  end(): Promise<DayReport>;
  close(): Promise<void>;
}

export interface DayReport {
  readonly published: number;
  /** Over all clients. */
  readonly delivered: number;
  readonly connections: number;
  /** How often a connection was lost, by the reason's code. */
  readonly losses: ReadonlyMap<string, number>;
  readonly tokens: number;
  readonly faults: readonly string[];
}

/** The ways in that acknowledge: what they took must be delivered. */
const sources = [
  { way: "MQTT QoS 1", der: "solar", type: "pv" },
  { way: "NATS batch request", der: "battery", type: "battery" },
  { way: "HTTP upload", der: "meter", type: "meter" },
  { way: "WebSocket publish", der: "charger", type: "ev_charger" },
] as const;

export async function startDay(options: DayOptions): Promise<Day> {
  await using opened = new AsyncDisposableStack();
  const startMs = Date.now();
  const hub = await startHubProcess();
  opened.defer(() => hub.close());
  const home = await createHome(hub);
  const { lifeMs } = options;
  const proxies: CuttableProxy[] = [];
  const networks: Network[] = [];
  for (const life of [{}, { lifeMs }]) {
    const http = await startCuttableProxy(hub.url, life);
    const nats = await startCuttableProxy(hub.natsUrl, life);
    proxies.push(http, nats);
    networks.push({ url: http.url, natsUrl: nats.url.replace("http:", "nats:") });
  }
  for (const proxy of proxies) opened.defer(() => proxy.close());
  const conditions = createConditions();
  const groups = await openClients({ hub, home, networks, conditions, options });
  for (const group of groups) opened.defer(() => group.close());
  await conditions.until("every client is connected", () => {
    return sum(groups.map(({ connections }) => connections)) >= options.clients;
  });
  const loads = sources.map(({ way: name, der, type }) => {
    const way = waysIn.find((candidate) => candidate.name === name);
    if (way === undefined) throw new Error(`there is no way in named ${name}`);
    return startLoad(way, hub, home.ders[der], type, options);
  });
  const running = opened.move();
  return {
    hub,
    proxies,
    groups,
    async traffic(readings) {
      await Promise.all(loads.map((load) => load.reaches(load.acknowledged.size + readings)));
    },
    async renewals() {
      await conditions.until("short tokens have ended and others were given", () =>
        groups.every(({ haveOutlivedTokens }) => haveOutlivedTokens),
      );
    },
    async end() {
      await Promise.all(loads.map((load) => load.finish()));
      return reportOf(await storedOf(hub, home, loads, startMs), groups);
    },
    close: () => running.disposeAsync(),
  };
}

interface ClientsParts {
  readonly hub: HubProcess;
  readonly home: Home;
  readonly networks: readonly Network[];
  readonly conditions: Conditions;
  readonly options: DayOptions;
}

async function openClients(parts: ClientsParts): Promise<Clients[]> {
  const { hub, home, networks, conditions, options } = parts;
  const ders = sources.map(({ der, type }): PlanParts["ders"][number] => {
    return { derId: home.ders[der].derId, type: type satisfies ReadingType };
  });
  const { siteId, orgId } = home;
  const plans = plansOf({ siteId, orgId, networks, ders, since: Date.now() }, options.clients);
  // NATS is open to integrations alone.
  const backEnd = await createBackEnd(home);
  const like = {
    token: await backEndToken(hub.url, backEnd),
    session: { identityId: backEnd.id },
  };
  const { processes } = options;
  return Array.from({ length: processes }, (_, group) => {
    return new Clients({
      plans: plans.filter((_plan, index) => index % processes === group),
      createToken: (tokenMs) => tokenFor(hub, like, tokenMs),
      conditions,
    });
  });
}

async function reportOf(stored: Stored, groups: readonly Clients[]): Promise<DayReport> {
  const reports = await Promise.all(groups.map((group) => group.report(stored)));
  const losses = new Map<string, number>();
  for (const group of groups) {
    for (const [code, count] of group.losses) losses.set(code, (losses.get(code) ?? 0) + count);
  }
  return {
    published: sum([...stored.values()].map((stamps) => stamps.length)),
    delivered: sum(reports.map(({ readings }) => readings)),
    connections: sum(groups.map(({ connections }) => connections)),
    losses,
    tokens: sum(groups.map(({ tokens }) => tokens)),
    faults: reports.flatMap(({ faults }) => faults),
  };
}

/**
 * What the stream holds, in its order, once all that was acknowledged is there, each once. Over MQTT the order
 * of acknowledgement can be another: a hub that is killed has readings in hand, which come again behind newer ones.
 */
async function storedOf(
  hub: HubProcess,
  { siteId, token }: Home,
  loads: readonly Load[],
  startMs: number,
): Promise<Stored> {
  const acknowledged = loads.flatMap((load) => [...load.acknowledged]);
  const listener = listenResuming(`${hub.url}/stream/sites/${siteId}?since=${startMs}`, token);
  await listener.until("what was acknowledged is stored", () => {
    return listener.ids.length >= acknowledged.length;
  });
  await listener.close();
  const ids = await readStored(hub);
  assert.deepEqual(ids.toSorted(), acknowledged.toSorted(), "what was acknowledged, each once");
  const stored = new Map<string, number[]>();
  for (const id of ids) {
    const [derId = "", timestamp] = id.split(":");
    const stamps = stored.get(derId);
    if (stamps === undefined) stored.set(derId, [Number(timestamp)]);
    else stamps.push(Number(timestamp));
  }
  return stored;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
