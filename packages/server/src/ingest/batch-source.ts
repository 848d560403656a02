import type { Msg, NatsConnection } from "@nats-io/transport-node";
import { type ErrorCode, NovacoreError } from "@novacore/protocol";
import type { Logger } from "pino";
import type { Pipeline } from "./pipeline.ts";
import type { UploadAnswer, Uploads } from "./upload.ts";

export interface BatchSourceOptions {
  /** A connection to account DEV. */
  readonly dev: NatsConnection;
  readonly uploads: Uploads;
  readonly pipeline: Pick<Pipeline, "reject">;
  readonly log: Pick<Logger, "warn" | "error">;
}

export interface BatchSource {
  /** Takes no more requests, and resolves when those under way are answered. */
  close(): Promise<void>;
}

/**
 * The NATS request `gateways.{serial}.telemetry.batch`: body and answer are those of the HTTP
 * upload, gzip told by its first bytes. Whose it is comes from the subject, which the gateway's
 * permissions bind to its serial. Errors are answered as `{error, message}`.
 */
export function startBatchSource(options: BatchSourceOptions): BatchSource {
  const { dev, log } = options;
  const running = new Set<Promise<void>>();
  const subscription = dev.subscribe("gateways.*.telemetry.batch", {
    queue: "ingest",
    callback: (error, message) => {
      if (error !== null) {
        log.warn({ err: error }, "the batch subscription failed");
        return;
      }
      const work = serve(message, options);
      running.add(work);
      void work.finally(() => running.delete(work));
    },
  });
  return {
    async close() {
      if (!dev.isClosed()) subscription.unsubscribe();
      await Promise.all(running);
    },
  };
}

async function serve(message: Msg, options: BatchSourceOptions): Promise<void> {
  const { uploads, pipeline, log } = options;
  const serial = message.subject.split(".")[1] ?? "";
  const answer = await answerTo(message, serial, uploads, log);
  const { reply } = message;
  // A reply subject is not permission-checked: a gateway could make the hub write anywhere.
  if (reply === undefined || !reply.startsWith(`_INBOX_${serial}.`)) {
    if ("error" in answer) await recordUntold(pipeline, serial, message, answer);
    return;
  }
  try {
    message.respond(JSON.stringify(answer));
  } catch (error) {
    log.warn({ err: error, serial }, "a batch could not be answered");
  }
}

interface BatchError {
  readonly error: ErrorCode;
  readonly message: string;
}

/** Where nobody can be told, a batch that was not taken stands among the rejections. */
function recordUntold(
  pipeline: Pick<Pipeline, "reject">,
  serial: string,
  { data: original }: Msg,
  { error: code, message }: BatchError,
): Promise<void> {
  const about = { serial, hardwareId: undefined, der: undefined, path: undefined };
  return new Promise((resolve) => {
    pipeline.reject({ ...about, code, message, original }, () => resolve());
  });
}

async function answerTo(
  message: Msg,
  serial: string,
  uploads: Uploads,
  log: BatchSourceOptions["log"],
): Promise<UploadAnswer | BatchError> {
  let leave: (() => void) | undefined;
  try {
    leave = uploads.enter(serial);
    return await uploads.ingest({
      serial,
      transport: "nats-batch",
      form: "any",
      gzip: "by its first bytes",
      body: message.data,
    });
  } catch (error) {
    if (error instanceof NovacoreError) return { error: error.code, message: error.message };
    log.error({ err: error, serial }, "a batch failed");
    return { error: "internal", message: "The hub failed; try again." };
  } finally {
    leave?.();
  }
}
