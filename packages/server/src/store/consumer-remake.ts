import { NovacoreError } from "@novacore/protocol";
import { type ConsumerApi, wasRefused } from "./consumer-api.ts";
import {
  type ConsumerDraft,
  type ConsumerRecord,
  type ConsumerSettings,
  type ConsumerStart,
  standInOf,
  toConsumerConfig,
  toStandInConfig,
} from "./consumer-record.ts";

/**
 * Makes a consumer anew at its place: JetStream moves none before its start, so it is deleted and
 * added. A hub may die in between, so another consumer stands in meanwhile: it holds the draft, and
 * whoever finds it finishes what was begun. Two that do so at once do the same.
 */
export async function remake(api: ConsumerApi, draft: ConsumerDraft): Promise<ConsumerRecord> {
  const { place } = draft;
  const wanted = { ...draft, makingId: crypto.randomUUID(), goesBackTo: undefined };
  while ((await addFresh(api, toStandInConfig(wanted), wanted)) === undefined) {
    // Somebody died while making one of the same integration anew.
    await finishRemake(api, place);
  }
  return finish(api, wanted);
}

/** Finishes what somebody has begun of the integration whose place this is; false: nobody has. */
export async function finishRemake(api: ConsumerApi, place: string): Promise<boolean> {
  const standIn = await api.find(standInOf(place));
  if (standIn === undefined) return false;
  await finish(api, standIn);
  return true;
}

/** Deletes a consumer, and what would bring it back. */
export async function removeConsumer(api: ConsumerApi, place: string): Promise<void> {
  const standIn = await api.find(standInOf(place));
  if (standIn?.place === place) await api.delete(standInOf(place));
  await api.delete(place);
}

/**
 * Those at the given places, in their order; of one that is being made anew, what it will be. It may
 * be finished between two looks, so that a place that was empty is looked at again.
 */
export async function findAt(
  api: ConsumerApi,
  places: readonly string[],
): Promise<ConsumerRecord[]> {
  const found = new Map<string, ConsumerRecord>();
  const look = async (name: string) => {
    const record = await api.find(name);
    if (record !== undefined && !found.has(record.place)) found.set(record.place, record);
  };
  const absent = () => places.filter((place) => !found.has(place));
  await Promise.all(places.map(look));
  await Promise.all([...new Set(absent().map(standInOf))].map(look));
  await Promise.all(absent().map(look));
  return places.map((place) => found.get(place)).filter((record) => record !== undefined);
}

async function finish(api: ConsumerApi, wanted: ConsumerDraft): Promise<ConsumerRecord> {
  const { place, name, makingId } = wanted;
  let made = await api.find(place);
  if (made?.makingId !== makingId) {
    await api.delete(place);
    made = (await addFresh(api, toConsumerConfig(wanted), wanted)) ?? (await api.find(place));
  }
  if (made === undefined || made.makingId !== makingId) {
    throw new NovacoreError("conflict", `${name} is being made anew by somebody else.`);
  }
  await api.delete(standInOf(place));
  return made;
}

/**
 * Adds a consumer where another one may just have been deleted; undefined: there is one. nats-server
 * may still be writing how far that one was: then it refuses the new one (one in a thousand when
 * measured), or takes it for how far the new one is.
 */
export async function addFresh(
  api: ConsumerApi,
  settings: ConsumerSettings,
  { start }: Pick<ConsumerDraft, "start">,
): Promise<ConsumerRecord | undefined> {
  for (let attempt = 1; ; attempt++) {
    const isLast = attempt === attemptsMax;
    try {
      const made = await api.add(settings);
      // Where the stream has lost its start since, the server begins later: that is none of it.
      if (made === undefined || isLast || isAt(made, start)) return made;
      await api.delete(settings.durable_name);
    } catch (error) {
      if (isLast || !wasRefused(error)) throw error;
    }
  }
}

const attemptsMax = 5;

function isAt({ isUnread, ackedSequence }: ConsumerRecord, start: ConsumerStart): boolean {
  return isUnread && (start.isLastPerDer || ackedSequence === start.afterSequence);
}
