import {
  connect,
  RequestError,
  TimeoutError,
  usernamePasswordAuthenticator,
} from "@nats-io/transport-node";
import { type BatchAnswer, sendBatches } from "./batch-answer.ts";
import type { VirtualGateway } from "./gateway.ts";
import { untilPassed } from "./passing.ts";
import type { Sender } from "./sender.ts";

/** A batch is answered within what the hub gives an upload, or is sent again. */
const answerMs = 35_000;
const passingCodes = ["unavailable", "internal", "rate_limited"];

/** Batch requests over NATS. */
export async function createNatsSender(gateway: VirtualGateway, natsUrl: string): Promise<Sender> {
  const { serial } = gateway;
  const connection = await connect({
    servers: natsUrl,
    // Else a server that has no TLS, or whoever stands before it, is told the login.
    ...(natsUrl.startsWith("tls://") ? { tls: {} } : {}),
    // The login lives for minutes, the connection for hours: each attempt signs a new one.
    authenticator: usernamePasswordAuthenticator(serial, () => gateway.loginJwt()),
    ignoreAuthErrorAbort: true,
    inboxPrefix: `_INBOX_${serial}`,
    maxReconnectAttempts: -1,
  });
  const subject = `gateways.${serial}.telemetry.batch`;
  const request = async (body: readonly object[]): Promise<BatchAnswer> => {
    const answer = await connection.request(subject, JSON.stringify(body), { timeout: answerMs });
    const told = answer.json<BatchAnswer | BatchError>();
    if ("error" in told) throw new RefusedBatch(told.error, told.message);
    return told;
  };
  return {
    send: (messages, signal) =>
      sendBatches(messages, (body) => untilPassed(() => request(body), isPassing, signal), signal),
    close: () => connection.close(),
  };
}

interface BatchError {
  readonly error: string;
  readonly message: string;
}

class RefusedBatch extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(`The hub refused a batch as ${code}: ${message}`);
    this.code = code;
  }
}

function isPassing(error: unknown): boolean {
  if (error instanceof RefusedBatch) return passingCodes.includes(error.code);
  // No answer: the hub is away, or nobody listens there yet.
  return error instanceof TimeoutError || error instanceof RequestError;
}
