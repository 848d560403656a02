import type { Turnstile } from "./deliver/turnstile.ts";
import type { GatewayClock } from "./ingest/gateway-clocks.ts";
import { limits } from "./limits.ts";
import type { GatewayConnection } from "./nats/gateway-connections.ts";
import type { GatewayState } from "./store/gateway-state.ts";

/** Whether a gateway is there, as far as this hub knows. */
export interface GatewayPresence {
  /** When the present owner claimed it, epoch ms: nothing here is from before. */
  readonly claimStartMs: number;
  /** Over NATS, MQTT or a WebSocket. An upload is no connection. */
  readonly isConnected: boolean;
  /** Since when it is connected, or is not any more, epoch ms. */
  readonly sinceMs: number | undefined;
  /** When something of it came last: a reading or a word about itself. */
  readonly lastSeenMs: number | undefined;
  readonly clock: GatewayClock | undefined;
  /** How far its clock is ahead of the hub's. */
  readonly clockDriftMs: number | undefined;
}

export interface GatewayPresencesOptions {
  readonly readConnection: (serial: string) => Promise<GatewayConnection>;
  /** When the oldest of its WebSockets was opened, epoch ms. */
  readonly socketSinceMs: (serial: string) => number | undefined;
  /** When the present owner claimed it: what is from before is not told. */
  readonly readClaimStartMs: (serial: string) => Promise<number>;
  readonly readState: (serial: string, sinceMs: number) => Promise<GatewayState>;
  readonly clocks: { of(serial: string, sinceMs: number): GatewayClock | undefined };
  /** Bounds how many gateways are asked about at once. */
  readonly turnstile: Turnstile;
  readonly now: () => number;
}

/**
 * Asks about gateways, each at most once in limits.gatewayConnectionsMs and claim: when a whole site
 * falls silent, all its DERs ask about one.
 */
export class GatewayPresences {
  readonly #options: GatewayPresencesOptions;
  /** By serial and claim: an earlier owner's answer is not for the next one. The oldest first. */
  readonly #answers = new Map<string, { atMs: number; answer: Promise<GatewayPresence> }>();

  constructor(options: GatewayPresencesOptions) {
    this.#options = options;
  }

  /** Rejects when nats-server or the registry do not answer. */
  async of(serial: string): Promise<GatewayPresence> {
    const claimStartMs = await this.#options.readClaimStartMs(serial);
    const nowMs = this.#options.now();
    for (const [known, { atMs }] of this.#answers) {
      if (nowMs - atMs < limits.gatewayConnectionsMs) break;
      this.#answers.delete(known);
    }
    const key = `${serial}@${claimStartMs}`;
    const known = this.#answers.get(key);
    if (known !== undefined) return known.answer;
    const answer = this.#options.turnstile.pass(() => this.#ask(serial, claimStartMs));
    this.#answers.set(key, { atMs: nowMs, answer });
    answer.catch(() => this.#answers.delete(key));
    return answer;
  }

  async #ask(serial: string, claimStartMs: number): Promise<GatewayPresence> {
    const { readConnection, readState, socketSinceMs, clocks } = this.#options;
    const [connection, { state }] = await Promise.all([
      readConnection(serial),
      readState(serial, claimStartMs),
    ]);
    const clock = clocks.of(serial, claimStartMs);
    const socketMs = socketSinceMs(serial);
    const sinceMs = sinceOf(connection, socketMs);
    const seenMs = [clock?.lastSeenMs, state?.receivedAtMs].filter((ms) => ms !== undefined);
    return {
      claimStartMs,
      isConnected: connection.kind === "open" || socketMs !== undefined,
      sinceMs: sinceMs && Math.max(sinceMs, claimStartMs),
      lastSeenMs: seenMs.length === 0 ? undefined : Math.max(...seenMs),
      clock,
      clockDriftMs: clock?.clockDriftMs ?? driftOf(state),
    };
  }
}

function sinceOf(connection: GatewayConnection, socketMs: number | undefined): number | undefined {
  if (connection.kind === "open") return Math.min(connection.sinceMs, socketMs ?? Infinity);
  return socketMs ?? (connection.kind === "closed" ? connection.sinceMs : undefined);
}

/** By the gateway's word about itself, which says the second and comes from no backlog. */
function driftOf(state: GatewayState["state"]): number | undefined {
  const value = state?.value;
  if (state === undefined || typeof value !== "object" || value === null) return undefined;
  if (!("timestamp" in value) || typeof value.timestamp !== "number") return undefined;
  const driftMs = value.timestamp * 1_000 + halfSecondMs - state.receivedAtMs;
  return Math.abs(driftMs) < believableMs ? Math.round(driftMs) : undefined;
}

const halfSecondMs = 500;
/** Beyond a century it is no epoch second at all. */
const believableMs = 100 * 366 * 86_400_000;
