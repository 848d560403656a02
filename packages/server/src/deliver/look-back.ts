import { limits } from "../limits.ts";
import type { StoredMessage } from "./message.ts";
import type { StreamReader } from "./stream-reader.ts";

/**
 * The last message of a subject before those that belong together at its end, of which `last` is the
 * last one; undefined: there is none from a sequence on. The stream cannot be read backwards, so it
 * is asked for the last one before a point, at growing distances, and then nearer and nearer to
 * where those at the end begin: one read where that is one message, about twenty where it is a
 * million. Throws `unavailable`.
 */
export async function lastBefore(
  reader: Pick<StreamReader, "readLast">,
  last: StoredMessage,
  fromSequence: number,
  isAtEnd: (message: StoredMessage) => boolean,
): Promise<StoredMessage | undefined> {
  const before = async (upTo: number): Promise<StoredMessage | undefined> =>
    (await reader.readLast([last.subject], fromSequence, upTo, 1))?.messages[0];
  // What lies up to `low` is from before the end, or not of this subject; `high` belongs to it.
  let high = last.sequence;
  let low = high;
  let found: StoredMessage | undefined;
  for (let distance = 1; low === high; distance *= growth) {
    const message = await before(high - distance);
    if (message !== undefined && isAtEnd(message)) {
      high = message.sequence;
      low = high;
    } else {
      low = Math.max(high - distance, fromSequence - 1);
      found = message;
    }
  }
  for (let turn = 0; high - low > 1; turn++) {
    if (turn >= limits.lookBackTurnsMax && found !== undefined) break;
    const middle = Math.floor((low + high) / 2);
    const message = await before(middle);
    if (message !== undefined && isAtEnd(message)) {
      high = message.sequence;
    } else {
      found = message ?? found;
      low = middle;
    }
  }
  return found;
}

const growth = 4;
