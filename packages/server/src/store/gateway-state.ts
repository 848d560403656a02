import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { gatewayStateStream } from "./stream-configs.ts";

/** Something a gateway last said about itself: its own words, unchecked. */
export interface GatewayWord {
  /** When it was stored, epoch ms. */
  readonly receivedAtMs: number;
  /** The JSON value; undefined where the gateway sent none. */
  readonly value: unknown;
}

export interface GatewayState {
  readonly state: GatewayWord | undefined;
  readonly inventory: GatewayWord | undefined;
}

/**
 * Reads the last state message and driver inventory of a gateway (wire contract §6), unless they
 * are older than `sinceMs`.
 */
export async function readGatewayState(
  dev: NatsConnection,
  serial: string,
  sinceMs = 0,
): Promise<GatewayState> {
  const [state, inventory] = await Promise.all([
    readLast(dev, `gateways.${serial}.state.json.v1`),
    readLast(dev, `gateways.${serial}.inventory.drivers.json.v1`),
  ]);
  const since = (word: GatewayWord | undefined) =>
    word !== undefined && word.receivedAtMs >= sinceMs ? word : undefined;
  return { state: since(state), inventory: since(inventory) };
}

async function readLast(dev: NatsConnection, subject: string): Promise<GatewayWord | undefined> {
  const { direct } = await jetstreamManager(dev, { checkAPI: false });
  const message = await direct.getMessage(gatewayStateStream, { last_by_subj: subject });
  if (message === null) return undefined;
  return { receivedAtMs: message.time.getTime(), value: parse(message.string()) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
