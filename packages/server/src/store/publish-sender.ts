import { randomBytes } from "node:crypto";
import type { NatsConnection } from "@nats-io/transport-node";
import type { Logger } from "pino";
import type { Entry } from "./publish-entry.ts";
import { batchLines, encodedHeaders, messageLines } from "./publish-wire.ts";

/** Puts messages on the wire: alone, or as an atomic batch that is answered once. */
export class Sender {
  readonly #connection: NatsConnection;
  readonly #log: Pick<Logger, "warn">;
  readonly #headers = encodedHeaders();
  /** Short, as each message is stored with it; no two hubs have the same. */
  readonly #batchPrefix = randomBytes(6).toString("base64url");
  #batches = 0;

  constructor(connection: NatsConnection, log: Pick<Logger, "warn">) {
    this.#connection = connection;
    this.#log = log;
  }

  sendAlone(entry: Entry, reply: string): void {
    this.#publish(entry, messageLines(entry.id), reply);
  }

  /** Only the commit asks for an answer: it tells of every failure before it, too. */
  sendBatch(entries: readonly Entry[], reply: string): void {
    const batchId = `${this.#batchPrefix}${(this.#batches++).toString(36)}`;
    for (const [index, entry] of entries.entries()) {
      const position = index + 1;
      const lines = messageLines(entry.id) + batchLines(batchId, position, entries.length);
      this.#publish(entry, lines, position === entries.length ? reply : undefined);
    }
  }

  #publish({ subject, payload }: Entry, lines: string, reply: string | undefined): void {
    try {
      const headers = this.#headers.of(lines);
      const options = reply === undefined ? { headers } : { headers, reply };
      this.#connection.publish(subject, payload, options);
    } catch (error) {
      // A closed connection, mostly: the message goes again when its answer is overdue.
      this.#log.warn({ err: error, subject }, "a message could not be sent");
    }
  }
}
