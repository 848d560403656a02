import { connect, createServer } from "node:net";
import type { TestContext } from "node:test";
import type { NatsConnection } from "@nats-io/transport-node";
import { connectHub, type NatsAddress } from "../../src/nats/connection.ts";
import { atEnd } from "../nats/at-end.ts";

/** A connection of a hub that dies as it is about to ask nats-server for something. */
export interface DyingHub {
  readonly connection: NatsConnection;
  /** Resolves when it has died: nothing that it asked for since has reached nats-server. */
  readonly died: Promise<void>;
}

/** Dies at the first message to `subject`. */
export async function startDyingHub(
  t: TestContext,
  { natsUrl, keys }: NatsAddress,
  subject: string,
): Promise<DyingHub> {
  const { hostname, port } = new URL(natsUrl);
  const died = Promise.withResolvers<void>();
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    const end = () => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) socket.on("error", end).on("close", end);
    upstream.on("data", (bytes) => client.write(bytes));
    client.on("data", (bytes) => {
      if (!bytes.toString("latin1").includes(`PUB ${subject} `)) {
        upstream.write(bytes);
        return;
      }
      server.close();
      end();
      died.resolve();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const own = { natsUrl: `nats://127.0.0.1:${address.port}`, keys };
  const connection = await connectHub(own, "HUB", "dying");
  atEnd(t, () => {
    server.close();
    return connection.close();
  });
  return { connection, died: died.promise.then(() => connection.close()) };
}
