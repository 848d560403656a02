/**
 * Back ends that listen live, each of an organization of its own, in a process of their own. Told
 * `{kind: "listen", …}` they connect instead of those before and answer when they are subscribed;
 * `{kind: "hear", messages}` answers when so many have come to all of them together.
 */
import { createPrivateKey } from "node:crypto";
import type { NatsConnection } from "@nats-io/transport-node";
import { connectBackEnd, signLogin } from "../../test/support/back-end.ts";
import { createConditions } from "../../test/support/conditions.ts";

export interface ListeningBackEnd {
  readonly id: string;
  readonly orgId: string;
  readonly privateKeyPem: string;
}

export type ListenersOrder =
  | {
      readonly kind: "listen";
      readonly natsUrl: string;
      readonly backEnds: readonly ListeningBackEnd[];
    }
  | { readonly kind: "hear"; readonly messages: number };

let connections: NatsConnection[] = [];
let heard = 0;
let awaited = 0;
const conditions = createConditions();

// Open connections would keep it alive when the bench has ended without a word.
process.on("disconnect", () => process.exit());
process.on("message", (order: ListenersOrder) => {
  void obey(order).then(() => process.send?.({ done: order.kind }));
});

async function obey(order: ListenersOrder): Promise<void> {
  switch (order.kind) {
    case "listen":
      await Promise.all(connections.map((connection) => connection.close()));
      heard = 0;
      connections = await Promise.all(order.backEnds.map((each) => listen(order.natsUrl, each)));
      return;
    case "hear":
      awaited = order.messages;
      await conditions.until(`${order.messages} messages`, () => heard >= order.messages);
      return;
  }
}

async function listen(natsUrl: string, backEnd: ListeningBackEnd): Promise<NatsConnection> {
  const { id, orgId, privateKeyPem } = backEnd;
  const key = createPrivateKey(privateKeyPem);
  const connection = await connectBackEnd(natsUrl, { id, loginJwt: () => signLogin(id, key) });
  connection.subscribe(`orgs.${orgId}.>`, {
    callback(error) {
      if (error !== null) throw error;
      heard += 1;
      if (heard === awaited) conditions.changed();
    },
  });
  await connection.flush();
  return connection;
}
