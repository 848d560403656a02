import { setTimeout } from "node:timers/promises";
import type { Msg, NatsConnection } from "@nats-io/transport-node";
import { limits } from "../limits.ts";
import { askServers } from "./ask-servers.ts";
import { requestSubjects } from "./permissions.ts";

export interface RequestWatchOptions {
  /** Account SYS. */
  readonly sys: NatsConnection;
  /** Account HUB; a connection of its own, since a flood comes in by it for a moment. */
  readonly hub: NatsConnection;
  /** Called for each back end that has to be cut off so that the others of its organization may ask. */
  readonly onFlood: (identityId: string) => void;
  readonly log: { warn(fields: object, message: string): void };
}

/**
 * Finds back ends that flood nats-server with requests. It has no limit for that: each pull request
 * leaves behind where its answer goes until backEndPullAnswerMs, and those that a consumer turns
 * down are answered in the line in which gateways wait for their acknowledgements.
 *
 * Accounts that receive little are not looked at further. Of the others, some requests are heard
 * along: acknowledgements, of which a quick reader sends thousands a second, must not count. Not
 * always, as a request to a consumer that is gone would no longer be told that nobody is there. Twice
 * in a row, since a hundred processes that start together all ask at once. Returns how to stop.
 */
export function watchRequests(options: RequestWatchOptions): () => void {
  const { sys, hub, log } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const received = new Map<string, number>();
  let suspects = new Set<string>();
  let isFailing = false;

  const look = async (): Promise<void> => {
    if (!(await isAnyBusy(sys, received))) {
      suspects = new Set();
      return;
    }
    const floods = findFloods(await sample(hub));
    for (const { account, identityIds } of floods) {
      if (suspects.has(account)) for (const id of identityIds) options.onFlood(id);
    }
    suspects = new Set(floods.map(({ account }) => account));
  };

  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        await look();
        isFailing = false;
      } catch (error) {
        if (signal.aborted) return;
        if (!isFailing) log.warn({ err: error }, "requests of back ends cannot be watched");
        isFailing = true;
      }
      await pause(limits.backEndWatchMs, signal);
    }
  };
  void run();
  return () => stopping.abort();
}

/** The answer of one server to STATZ, as far as it is of use here. */
interface Statz {
  readonly server?: { readonly id?: string };
  readonly data?: {
    readonly account_statz?: readonly {
      readonly acc?: string;
      readonly received?: { readonly msgs?: number };
    }[];
  };
}

/** Whether an account of back ends has received more since the last look than it may ask for. */
async function isAnyBusy(sys: NatsConnection, received: Map<string, number>): Promise<boolean> {
  const busyAt = (limits.backEndRequestsPerSecondMax * limits.backEndWatchMs) / 1000;
  let busy = false;
  for (const message of await askServers(sys, "$SYS.REQ.ACCOUNT.PING.STATZ", {})) {
    const { server, data }: Statz = message.json();
    for (const { acc = "", received: { msgs = 0 } = {} } of data?.account_statz ?? []) {
      if (!isOfBackEnds(acc)) continue;
      const key = `${server?.id} ${acc}`;
      if (msgs - (received.get(key) ?? 0) > busyAt) busy = true;
      received.set(key, msgs);
    }
  }
  return busy;
}

interface Sample {
  readonly requests: readonly { readonly account: string; readonly identityId: string }[];
  readonly tookMs: number;
}

/** Hears the requests of all back ends for a moment. */
async function sample(hub: NatsConnection): Promise<Sample> {
  const requests: { account: string; identityId: string }[] = [];
  const full = Promise.withResolvers<void>();
  const callback = (error: Error | null, message: Msg) => {
    const account = error === null ? accountOf(message.headers?.get(requestInfo)) : "";
    // The hub itself asks, too.
    if (!isOfBackEnds(account)) return;
    const consumer = message.subject.slice(message.subject.lastIndexOf(".") + 1);
    requests.push({ account, identityId: consumer.slice(0, consumer.lastIndexOf("_")) });
    if (requests.length >= limits.backEndSampleMax) full.resolve();
  };
  const subscriptions = requestSubjects.map((subject) =>
    hub.subscribe(subject, { max: limits.backEndSampleMax, callback }),
  );
  await hub.flush();
  const startMs = performance.now();
  const over = new AbortController();
  await Promise.race([full.promise, pause(limits.backEndSampleMs, over.signal)]);
  over.abort();
  for (const subscription of subscriptions) subscription.unsubscribe();
  return { requests, tookMs: performance.now() - startMs };
}

const isOfBackEnds = (account: string): boolean => account.startsWith("EXT_");

/** Who asks, as nats-server itself writes into what goes from one account to another. */
const requestInfo = "Nats-Request-Info";

function accountOf(info: string | undefined): string {
  const { acc }: { acc?: unknown } = JSON.parse(info || "{}");
  return typeof acc === "string" ? acc : "";
}

/** Accounts that ask too much, each with those to cut off: the busiest first, until it is enough. */
function findFloods({ requests, tookMs }: Sample): { account: string; identityIds: string[] }[] {
  const floods: { account: string; identityIds: string[] }[] = [];
  const allowed = Math.max(1, (limits.backEndRequestsPerSecondMax * tookMs) / 1000);
  for (const [account, ofAccount] of Map.groupBy(requests, (request) => request.account)) {
    const byIdentity = [...Map.groupBy(ofAccount, (request) => request.identityId)];
    byIdentity.sort(([, a], [, b]) => b.length - a.length);
    const identityIds: string[] = [];
    let left = ofAccount.length;
    for (const [identityId, own] of byIdentity) {
      if (left <= allowed) break;
      identityIds.push(identityId);
      left -= own.length;
    }
    if (identityIds.length > 0) floods.push({ account, identityIds });
  }
  return floods;
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await setTimeout(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
