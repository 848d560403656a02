import type { NatsConnection } from "@nats-io/transport-node";
import { NovacoreError, toNovacoreError } from "../errors.ts";
import { withoutSecret } from "../without-secret.ts";
import { credentialRefused, importOptional } from "./optional-package.ts";
import type { Uplink, UplinkConnection } from "./uplink.ts";
import { answerMs, readAnswer, type UploadAnswer } from "./upload.ts";

export interface NatsUplinkOptions {
  /** As `nats://hub.example:4222`, `tls://…`. */
  readonly url: string;
  readonly serial: string;
  readonly password: () => string;
  readonly connectMs: number;
}

/** Requests to `gateways.{serial}.telemetry.batch`, answered per reading once it is stored. */
export function createNatsUplink({ url, serial, password, connectMs }: NatsUplinkOptions): Uplink {
  return {
    async connect({ signal, onLost }) {
      const nats = await importOptional("nats", () => import("@nats-io/transport-node"));
      const opening = nats
        .connect({
          ...{ servers: url, user: serial, pass: password(), name: serial, timeout: connectMs },
          // Else a server that has no TLS, or whoever stands before it, is told the login.
          ...(url.startsWith("tls://") ? { tls: {} } : {}),
          // Nothing else may hear answers, and no other inbox is permitted.
          inboxPrefix: `_INBOX_${serial}`,
          ...{ reconnect: false, pingInterval: pingMs, maxPingOut: 2 },
        })
        .catch((thrown: unknown) => {
          if (thrown instanceof nats.AuthorizationError) throw credentialRefused(serial, thrown);
          throw toNovacoreError(thrown, withoutSecret(url));
        });
      const connection = await unlessAborted(opening, signal);
      let isClosing = false;
      void connection.closed().then((cause) => {
        if (!isClosing) onLost(lost(withoutSecret(url), cause));
      });

      const subject = `gateways.${serial}.telemetry.batch`;
      const send: UplinkConnection["send"] = async (readings, ending) => {
        // A request ends early with its connection alone.
        const giveUp = () => void connection.close();
        ending.addEventListener("abort", giveUp);
        try {
          const message = JSON.stringify(readings);
          const answer = await connection.request(subject, message, { timeout: answerMs });
          const body = answer.json<UploadAnswer | { error: string; message: string }>();
          if (!("error" in body)) return readAnswer(body, readings);
          return { verdicts: [], error: new NovacoreError(body.error, body.message) };
        } catch (thrown) {
          ending.throwIfAborted();
          // The broker is there and nobody answers: the hub is being started again.
          const reason = thrown instanceof Error ? thrown.message : String(thrown);
          const message = `The hub did not answer the batch: ${reason}.`;
          return {
            verdicts: [],
            error: new NovacoreError("unavailable", message, { cause: thrown }),
          };
        } finally {
          ending.removeEventListener("abort", giveUp);
        }
      };
      return {
        ...{ readingsMax, send },
        takes: () => true,
        tell: (state) => {
          if (connection.isClosed()) return;
          connection.publish(`gateways.${serial}.state.json.v1`, JSON.stringify(state));
        },
        async close() {
          isClosing = true;
          await connection.close();
        },
      };
    },
  };
}

const readingsMax = 1_000;
const pingMs = 15_000;

/** The client cannot give up an attempt: what opens all the same is closed then. */
async function unlessAborted(
  opening: Promise<NatsConnection>,
  signal: AbortSignal,
): Promise<NatsConnection> {
  const aborted = Promise.withResolvers<never>();
  const giveUp = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", giveUp);
  if (signal.aborted) giveUp();
  try {
    return await Promise.race([opening, aborted.promise]);
  } catch (thrown) {
    void opening.then((late) => late.close()).catch(() => undefined); // told already, or unwanted
    throw thrown;
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}

function lost(url: string, cause: unknown): NovacoreError {
  const reason = cause instanceof Error ? `: ${cause.message}` : "";
  return new NovacoreError("connection_lost", `The connection to ${url} ended${reason}.`, {
    cause,
  });
}
