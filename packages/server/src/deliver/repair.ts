import type { FeedLog } from "./feed.ts";
import type { StoredMessage } from "./message.ts";
import type { Gap } from "./site-feed.ts";
import type { StreamReader } from "./stream-reader.ts";

/**
 * Fetches what a subject's own sequence says is missing from the live feed, and gives how many
 * readings that were. Tries again for some seconds; a gap that stays is logged as an error.
 */
export async function repairGap(
  reader: Pick<StreamReader, "read">,
  log: FeedLog,
  gap: Gap,
  take: (message: StoredMessage) => void,
): Promise<number> {
  const { subject, after, through } = gap;
  let repaired = 0;
  let from = after + 1;
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    try {
      while (from <= through) {
        const { messages, isExhausted } = await reader.read(subject, from);
        const missed = messages.filter(({ sequence }) => sequence <= through);
        for (const message of missed) take(message);
        repaired += missed.length;
        const last = messages.at(-1);
        if (isExhausted || last === undefined) break;
        from = last.sequence + 1;
      }
      return repaired;
    } catch (error) {
      log.warn(
        { err: error, subject, from, through },
        "a gap in the live feed is not repaired yet",
      );
      await new Promise((resolve) => setTimeout(resolve, 200 * 2 ** attempt).unref());
    }
  }
  log.error({ subject, from, through }, "a gap in the live feed was not repaired");
  return repaired;
}

const attemptsMax = 6;
