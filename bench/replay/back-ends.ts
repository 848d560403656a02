/**
 * Back ends that replay, in a process of their own: `node back-ends.ts NATS_URL`, then told who they
 * are, and to start and stop, which answers how many readings they have taken.
 */
import { type ConsumerMessages, jetstream } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";

export interface Reader {
  readonly id: string;
  readonly jwt: string;
  readonly consumer: string;
}

export type ReplayOrder =
  | { readonly kind: "connect"; readonly readers: readonly Reader[] }
  | { readonly kind: "start" }
  | { readonly kind: "stop" };

const [natsUrl = ""] = process.argv.slice(2);
const connected: { readonly connection: NatsConnection; readonly consumer: string }[] = [];
let open: ConsumerMessages[] = [];
let taken = 0;

process.on("message", (order: ReplayOrder) => {
  void obey(order).then(() => process.send?.({ taken }));
});

async function obey(order: ReplayOrder): Promise<void> {
  switch (order.kind) {
    case "connect":
      for (const { id, jwt, consumer } of order.readers) {
        const login = { user: id, pass: jwt, inboxPrefix: `_INBOX_${id}` };
        const connection = await connect({ servers: natsUrl, ...login });
        connected.push({ connection, consumer });
      }
      return;
    case "start":
      taken = 0;
      open = await Promise.all(connected.map(replay));
      return;
    case "stop":
      await Promise.all(open.map((messages) => messages.close()));
      return;
  }
}

async function replay({ connection, consumer }: (typeof connected)[number]) {
  const { consumers } = jetstream(connection, { domain: "hub" });
  const found = await consumers.get("ENRICHED_TELEMETRY", consumer);
  return found.consume({
    max_messages: 1_000,
    callback: (message) => {
      message.ack();
      taken += 1;
    },
  });
}
