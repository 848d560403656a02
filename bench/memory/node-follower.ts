/** A program that follows an organization in a process of its own, started with `--expose-gc`. */
import { Novacore } from "@novacore/client";
import { natsTransport } from "@novacore/client/nats";
import type { FollowerWish } from "./followers.ts";

export type FollowerQuestion =
  | { readonly kind: "follow"; readonly wish: FollowerWish }
  | { readonly kind: "measure" };

export interface FollowerAnswer {
  readonly heapMib: number;
  readonly count: number;
}

let count = 0;

process.once("disconnect", () => process.exit());
process.on("message", (question: FollowerQuestion) => {
  if (question.kind === "follow") void follow(question.wish);
  globalThis.gc?.();
  const answer: FollowerAnswer = { heapMib: process.memoryUsage().heapUsed / 2 ** 20, count };
  process.send?.(answer);
});

async function follow({ url: baseUrl, token, orgId, transport: way }: FollowerWish): Promise<void> {
  const transport = way === "nats" ? natsTransport() : way === "sse" ? "sse" : "websocket";
  const stream = new Novacore({ baseUrl, token, transport }).org(orgId).readings();
  for await (const _reading of stream) count++;
}
