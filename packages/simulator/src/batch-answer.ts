import type { Message, Outcome } from "./sender.ts";

/** What the hub answers to a batch, over HTTP and NATS alike. */
export interface BatchAnswer {
  readonly results: readonly BatchResult[];
}

interface BatchResult {
  readonly status: "stored" | "duplicate" | "rejected";
  readonly error?: string;
  readonly message?: string;
  readonly path?: string;
}

/** Readings in one batch: a tenth of what the hub takes, so that one is answered soon. */
const batchMax = 1_000;

/**
 * Sends messages in batches by `ask`, which gives the hub's answer. What could not be stored just
 * now is sent again with the next one, until `ask` or the signal ends it.
 */
export async function sendBatches(
  messages: readonly Message[],
  ask: (body: readonly object[]) => Promise<BatchAnswer>,
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  const waiting = messages.map((message, index) => ({ message, index }));
  while (waiting.length > 0) {
    signal.throwIfAborted();
    const batch = waiting.splice(0, batchMax);
    const { results } = await ask(batch.map(({ message }) => bodyOf(message)));
    for (const [position, entry] of batch.entries()) {
      const outcome = outcomeOf(results[position]);
      if (outcome === "again") waiting.push(entry);
      else outcomes[entry.index] = outcome;
    }
  }
  return outcomes;
}

function bodyOf({ hardwareId, der, payload }: Message): object {
  return { ...payload, hardware_id: hardwareId, der };
}

function outcomeOf(result: BatchResult | undefined): Outcome | "again" {
  if (result === undefined) throw new Error("The hub answered fewer readings than it was sent.");
  const { status, error: code = "internal", message = code, path } = result;
  if (status !== "rejected") return { status };
  return code === "unavailable" ? "again" : { status, code, message, path };
}
