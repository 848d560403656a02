/**
 * A NATS client over WebSocket. Told to subscribe it answers once it does, and again when the last
 * message has come; told to publish it answers with when it began.
 */
import { type NatsConnection, wsconnect } from "@nats-io/transport-node";
import { loadHubKeys } from "../../packages/server/src/nats/hub-keys.ts";

export interface ClientOrder {
  readonly role: "publish" | "subscribe";
  readonly url: string;
  readonly dataDir: string;
  readonly messages: number;
  readonly bytes: number;
}

export interface Round {
  /** When it began or ended, by the clock that all processes share. */
  readonly atMs: number;
}

const subject = "bench.tunnel";
/** Messages between two questions whether nats-server has them, of which two may be open. */
const window = 2_000;

process.on("message", (order: ClientOrder) => {
  void (order.role === "publish" ? publish(order) : subscribe(order));
});

async function subscribe(order: ClientOrder): Promise<void> {
  const connection = await connect(order);
  let left = order.messages;
  connection.subscribe(subject, {
    callback: () => {
      left -= 1;
      if (left > 0) return;
      say({ atMs: Date.now() });
      void connection.close();
    },
  });
  await connection.flush();
  say({ atMs: Date.now() });
}

async function publish(order: ClientOrder): Promise<void> {
  const connection = await connect(order);
  const payload = new Uint8Array(order.bytes).fill(120);
  const atMs = Date.now();
  let taken = Promise.resolve();
  for (let index = 1; index <= order.messages; index++) {
    connection.publish(subject, payload);
    if (index % window !== 0) continue;
    const before = taken;
    taken = connection.flush();
    await before;
  }
  await connection.flush();
  say({ atMs });
  await connection.close();
}

function connect({ url, dataDir }: ClientOrder): Promise<NatsConnection> {
  const { publicKey, sign } = loadHubKeys(dataDir).users.HUB;
  return wsconnect({
    servers: url,
    authenticator: (nonce?: string) => ({
      nkey: publicKey,
      sig: sign(nonce ?? "").toString("base64url"),
    }),
  });
}

function say(round: Round): void {
  process.send?.(round);
}
