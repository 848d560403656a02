import {
  headers as createHeaders,
  type NatsConnection,
  PermissionViolationError,
} from "@nats-io/transport-node";
import { createConditions } from "./conditions.ts";

export interface Attempt {
  readonly subject: string;
  readonly payload?: string;
  readonly reply?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Somebody who tries what he may not; gives what nats-server let him do. */
export interface Intruder {
  /** Subjects, as plain and as queue subscriptions, that were not refused. */
  hears(subjects: readonly string[]): Promise<string[]>;
  /** Subjects of publishes that were not refused. */
  says(attempts: readonly Attempt[]): Promise<string[]>;
  /** Everything that his subscriptions got. */
  readonly got: readonly string[];
}

export function createIntruder(connection: NatsConnection): Intruder {
  const got: string[] = [];
  const refusedSubjects: string[] = [];
  const conditions = createConditions();
  void watch();

  async function watch(): Promise<void> {
    for await (const status of connection.status()) {
      if (status.type !== "error") continue;
      const { error } = status;
      if (error instanceof PermissionViolationError && error.operation === "publish") {
        refusedSubjects.push(error.subject);
        conditions.changed();
      }
    }
    conditions.fail(new Error("the connection is closed"));
  }

  return {
    got,
    async hears(subjects) {
      const tries = subjects.flatMap((subject) => [{ subject }, { subject, queue: "q" }]);
      const outcomes = tries.map(({ subject, queue }) => {
        const outcome = { subject, queue, refused: false };
        const subscription = connection.subscribe(subject, {
          ...(queue !== undefined && { queue }),
          callback(error, message) {
            if (error === null) got.push(message.subject);
            else outcome.refused = true;
          },
        });
        return { outcome, subscription };
      });
      // What the server says about the subscriptions comes before its answer to this.
      await connection.flush();
      return outcomes.flatMap(({ outcome, subscription }) => {
        if (!outcome.refused) subscription.unsubscribe();
        return outcome.refused ? [] : [`${outcome.subject} ${outcome.queue ?? ""}`.trim()];
      });
    },
    async says(attempts) {
      refusedSubjects.splice(0);
      for (const { subject, payload = "", reply, headers } of attempts) {
        const header = createHeaders();
        for (const [name, value] of Object.entries(headers ?? {})) header.set(name, value);
        connection.publish(subject, payload, {
          ...(reply !== undefined && { reply }),
          ...(headers !== undefined && { headers: header }),
        });
      }
      await connection.flush();
      // Statuses are told a moment later, in order; the last publish is one that nobody may.
      const last = "end.of.attempts";
      connection.publish(last, "");
      await conditions.until("the last refusal", () => refusedSubjects.includes(last));
      const refused = new Set(refusedSubjects);
      return attempts.map(({ subject }) => subject).filter((subject) => !refused.has(subject));
    },
  };
}
