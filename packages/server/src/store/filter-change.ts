import type { ConsumerApi } from "./consumer-api.ts";
import { type ConsumerFilters, type ConsumerRecord, toConsumerConfig } from "./consumer-record.ts";
import { remake } from "./consumer-remake.ts";

/**
 * Changes what a consumer reads. Subjects that are new to it are read from `sinceMs` on: the consumer
 * may have passed what was stored under them, so it goes back to it, and then gives out again what it
 * gave out since. Of subjects that are taken from it, nothing comes any more: nats-server would
 * deliver again what was not acknowledged of them, so it goes back to there. That it has to stands
 * in its metadata until it is done. Nothing happens when the consumer is gone.
 */
export async function changeFilters(
  api: ConsumerApi,
  record: ConsumerRecord,
  filters: ConsumerFilters,
  sinceMs: number,
): Promise<void> {
  const { place, start, goesBackTo: owed } = record;
  const before = record.filters.subjects;
  const added = filters.subjects.filter((each) => !isWithin(each, before));
  const isNarrowed = before.some((each) => !isWithin(each, filters.subjects));
  const missed = async () => least(await firstUnder(api, added, sinceMs), owed);

  const goesBackTo = least(await missed(), record.ackedSequence + 1);
  const { filter_subjects, metadata } = toConsumerConfig({ ...record, filters, goesBackTo });
  const changed = await api.update(place, { filter_subjects, metadata });
  if (changed === undefined) return;

  const next = least(await missed(), isNarrowed ? firstTakenAway(changed) : undefined);
  if (next !== undefined) {
    // The server does not tell how far it has looked, only what it delivered last: to be sure, it is
    // put there. What was not acknowledged yet must not be passed either.
    const sequence = Math.min(next, changed.ackedSequence + 1);
    if (start.isLastPerDer) return beginAgain(api, changed, sequence);
    await api.rewind(place, Math.max(sequence, start.afterSequence + 1));
  }
  await api.update(place, {
    metadata: toConsumerConfig({ ...changed, goesBackTo: undefined }).metadata,
  });
}

/**
 * From where on a consumer may still give out what it does not read any more; undefined: it does not.
 * Of one that begins with the newest reading of each DER, nats-server keeps which those were.
 */
function firstTakenAway(record: ConsumerRecord): number | undefined {
  const { ackPending, ackedSequence, start } = record;
  const isBeginning = start.isLastPerDer && ackedSequence < start.afterSequence;
  return ackPending > 0 || isBeginning ? ackedSequence + 1 : undefined;
}

/**
 * Such a consumer cannot be put back: it goes on as one that began at a sequence; or, while nobody has
 * read from it, with the newest of each DER once more.
 */
async function beginAgain(
  api: ConsumerApi,
  record: ConsumerRecord,
  sequence: number,
): Promise<void> {
  const start = record.isUnread
    ? { afterSequence: (await api.held()).newest, isLastPerDer: true }
    : { afterSequence: sequence - 1, isLastPerDer: false };
  await remake(api, { ...record, start });
}

/** Of the first reading under any of the subjects since a time; undefined when there is none. */
async function firstUnder(
  api: ConsumerApi,
  subjects: readonly string[],
  sinceMs: number,
): Promise<number | undefined> {
  const from = subjects.length === 0 ? undefined : await api.sequenceSince(sinceMs);
  if (from === undefined) return undefined;
  return least(...(await Promise.all(subjects.map((each) => api.sequenceUnder(each, from)))));
}

/** Whether others take all that a filter takes: by itself, or its whole organization or site. */
function isWithin(filter: string, others: readonly string[]): boolean {
  return others.some(
    (other) => other === filter || (other.endsWith(".>") && filter.startsWith(other.slice(0, -1))),
  );
}

function least(...sequences: readonly (number | undefined)[]): number | undefined {
  const found = sequences.filter((sequence) => sequence !== undefined);
  return found.length === 0 ? undefined : Math.min(...found);
}
