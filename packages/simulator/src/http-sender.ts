import { Novacore, NovacoreError } from "@novacore/client";
import { type BatchAnswer, sendBatches } from "./batch-answer.ts";
import type { VirtualGateway } from "./gateway.ts";
import { untilPassed } from "./passing.ts";
import type { Sender } from "./sender.ts";

/** Uploads over HTTP. */
export function createHttpSender(gateway: VirtualGateway, baseUrl: string): Sender {
  const hub = new Novacore({ baseUrl, token: () => gateway.loginJwt() });
  const path = `gateways/${encodeURIComponent(gateway.serial)}/telemetry`;
  return {
    send(messages, signal) {
      const upload = (body: readonly object[]) =>
        hub.request<BatchAnswer>("POST", path, { body, signal });
      const ask = (body: readonly object[]) => untilPassed(() => upload(body), isPassing, signal);
      return sendBatches(messages, ask, signal);
    },
    close: async () => undefined,
  };
}

function isPassing(error: unknown): boolean {
  return error instanceof NovacoreError && error.isRetryable;
}
