import type { EnrichedAddress } from "@novacore/protocol";
import { limits } from "../limits.ts";
import type { ArchivedStream } from "./archived-stream.ts";
import { parseReading } from "./columns.ts";
import { isFolderName } from "./file-names.ts";
import { Gathering } from "./gathering.ts";
import type { NewestTimestamps } from "./newest.ts";
import { isInPartition, type Partition } from "./partition.ts";
import { logLine, type Report } from "./report.ts";
import { passGap } from "./starting-place.ts";
import type { FollowedMessage } from "./stream-follower.ts";

export interface IntakeOptions {
  readonly stream: ArchivedStream;
  readonly partition: Partition;
  readonly newest: NewestTimestamps;
  readonly report: Report;
  /** The message before the first that it gets. */
  readonly sequence: number;
  /** After it nothing is missing in the archive; undefined: from where that is known already. */
  readonly reachAfter: number | undefined;
}

/** Takes a stream's messages in their order and gathers those that are this writer's readings. */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #addresses = new Map<string, EnrichedAddress | "others" | "unknown">();
  #gathering = new Gathering();
  #sequence: number;
  #reachAfter: number | undefined;
  #messages = 0;
  #bytes = 0;
  #sinceMs: number | undefined;
  #oldestStoredMs: number | undefined;
  #isWarned = false;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#sequence = options.sequence;
    this.#reachAfter = options.reachAfter;
  }

  get gathering(): Gathering {
    return this.#gathering;
  }

  /** Of the last message taken. */
  get sequence(): number {
    return this.#sequence;
  }

  /** After it nothing is missing, up to the last message; undefined: as it was before. */
  get reachAfter(): number | undefined {
    return this.#reachAfter;
  }

  /** Messages since it was emptied, of other writers too. */
  get messages(): number {
    return this.#messages;
  }

  /** When it began to fill; undefined while it is empty. */
  get sinceMs(): number | undefined {
    return this.#sinceMs;
  }

  /** How long the first message in it has been in the stream. */
  get ageMs(): number {
    return this.#oldestStoredMs === undefined ? 0 : Math.max(0, Date.now() - this.#oldestStoredMs);
  }

  get isFull(): boolean {
    return (
      this.#gathering.rows >= limits.archiveGatheredMax ||
      this.#gathering.siteRowsMost >= limits.archiveGatheredOfSiteMax ||
      this.#bytes >= limits.archiveGatheredBytesMax
    );
  }

  take({ sequence, subject, payload, storedMs }: FollowedMessage): void {
    const { stream, report } = this.#options;
    const before = passGap(stream, this.#sequence, sequence, report);
    if (before > this.#sequence) this.#reachAfter = Math.max(before, this.#reachAfter ?? 0);
    if (sequence !== before + 1) throw new Error(`message ${sequence} came after ${before}`);
    this.#sequence = sequence;
    this.#messages++;
    this.#sinceMs ??= Date.now();
    this.#oldestStoredMs ??= storedMs;
    const address = this.#addressOf(subject);
    if (address === "others") return;
    this.#bytes += payload.length;
    if (address === "unknown" || !this.#gather(sequence, address, payload)) {
      this.#noteUnreadable(sequence, subject);
    }
  }

  /** Begins anew, once everything that was taken is committed. */
  empty(): void {
    this.#gathering = new Gathering();
    this.#messages = 0;
    this.#bytes = 0;
    this.#sinceMs = undefined;
    this.#oldestStoredMs = undefined;
  }

  /** Whether it was a reading at all. */
  #gather(sequence: number, address: EnrichedAddress, payload: Uint8Array): boolean {
    const { stream, newest } = this.#options;
    let reading: Readonly<Record<string, unknown>>;
    try {
      reading = parseReading(payload);
    } catch {
      return false;
    }
    const { timestamp: timestampMs } = reading;
    if (typeof timestampMs !== "number" || !isTimestamp(timestampMs)) return false;
    const kind = stream.isMain && newest.isNewer(address, timestampMs) ? "rows" : "late";
    this.#gathering.add({ address, reading, timestampMs, sequence, kind });
    return true;
  }

  #addressOf(subject: string): EnrichedAddress | "others" | "unknown" {
    const known = this.#addresses.get(subject);
    if (known !== undefined) return known;
    const { stream, partition } = this.#options;
    const address = stream.parseSubject(subject);
    let found: EnrichedAddress | "others" | "unknown" = "unknown";
    if (address !== undefined && isFolderName(address.orgId)) {
      found = isInPartition(address.orgId, partition) ? address : "others";
    }
    if (this.#addresses.size >= addressesMax) this.#addresses.clear();
    this.#addresses.set(subject, found);
    return found;
  }

  /**
   * Nothing of ours writes into the stream what is no reading, so there is nothing to keep: it stays
   * in the stream for its days, and the log says where.
   */
  #noteUnreadable(sequence: number, subject: string): void {
    const { report, stream } = this.#options;
    report({ kind: "unreadable" });
    if (this.#isWarned) return;
    this.#isWarned = true;
    report(
      logLine(
        "warn",
        { event: "archive_unreadable", stream: stream.name, sequence, subject },
        "a message is no reading and is left out of the archive; further ones are counted only",
      ),
    );
  }
}

/** Subjects remembered, one a DER at about 400 bytes. */
const addressesMax = 200_000;

/** One whose day can be the name of a folder; ingest takes no other. */
function isTimestamp(timestampMs: number): boolean {
  return Number.isSafeInteger(timestampMs) && timestampMs >= 0 && timestampMs < year10000Ms;
}

const year10000Ms = Date.UTC(10_000, 0);
