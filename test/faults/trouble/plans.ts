import type { ReadingType } from "@novacore/protocol";
import type { ClientPlan, ClientTarget, Network } from "./client.ts";

export interface PlanParts {
  readonly siteId: string;
  readonly orgId: string;
  readonly networks: readonly Network[];
  readonly ders: readonly { readonly derId: string; readonly type: ReadingType }[];
  readonly since: number;
}

/** Shorter than a run, so that it ends in the middle of a stream. */
export const shortTokenMs = 10_000;
const longTokenMs = 3_600_000;

const transports = ["sse", "websocket", "nats"] as const;

/** All sorts of clients: each transport by each network with each kind of stream, then again. */
export function plansOf(parts: PlanParts, count: number): ClientPlan[] {
  const kinds = kindsOf(parts);
  return Array.from({ length: count }, (_, index) => {
    const round = Math.floor(index / transports.length / parts.networks.length);
    const transport = at(transports, index);
    const network = at(parts.networks, Math.floor(index / transports.length));
    const kind = at(kinds, round);
    const tokenMs = round % 3 === 0 ? shortTokenMs : longTokenMs;
    const name = `${index} (${kind.name} by ${transport})`;
    return { ...kind, ...{ name, network, transport, tokenMs }, since: parts.since };
  });
}

type Kind = Omit<ClientPlan, "network" | "transport" | "tokenMs" | "since">;

function kindsOf({ siteId, orgId, ders }: PlanParts): Kind[] {
  const all = ders.map(({ derId }) => derId);
  const { derId: oneDer, type: oneType } = at(ders, 0);
  const site: ClientTarget = { kind: "site", id: siteId };
  const plain = { options: {}, ders: all, isSlow: false };
  return [
    { ...plain, name: "a site", target: site },
    { ...plain, name: "an organization", target: { kind: "org", id: orgId } },
    { ...plain, name: "a slow one", target: site, options: { queueMax: 10 }, isSlow: true },
    { ...plain, name: "one type", target: site, options: { types: [oneType] }, ders: [oneDer] },
    { ...plain, name: "gathered", target: site, options: { batchMs: 50 } },
    { ...plain, name: "one DER", target: { kind: "der", id: oneDer }, ders: [oneDer] },
    { ...plain, name: "sorted", target: site, options: { reorderMs: 100 } },
    { ...plain, name: "sites", target: { kind: "sites", ids: [siteId] } },
  ];
}

function at<T>(items: readonly T[], index: number): T {
  const item = items[index % items.length];
  if (item === undefined) throw new RangeError("there is none");
  return item;
}
