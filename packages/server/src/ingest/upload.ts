import { setImmediate } from "node:timers/promises";
import { type ErrorCode, encodeCursor, NovacoreError } from "@novacore/protocol";
import { limits } from "../limits.ts";
import { OldDays } from "./old-days.ts";
import type { Outcome, Pipeline, ReadingSource, ReadingStore, Transport } from "./pipeline.ts";
import { isGzip, readItem, readUpload, type UploadForm, unpack } from "./upload-body.ts";

/** What became of one reading of an upload, by its place in it (from 0; blank lines not counted). */
export type UploadResult =
  | {
      readonly index: number;
      readonly status: "stored" | "duplicate";
      /** Absent where a duplicate's place is not known. */
      readonly cursor?: string;
      /** It was too old for the stream, and has no place in it: history will have it. */
      readonly archived?: true;
    }
  | {
      readonly index: number;
      readonly status: "rejected";
      /** With one that docs/errors.md says to retry the reading is stored once at most, sent again. */
      readonly error: ErrorCode;
      readonly message: string;
      readonly path?: string;
    };

export interface UploadAnswer {
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: number;
  /** What `stored` means: on disk, on several machines, or with the operating system. */
  readonly durability: string;
  readonly results: readonly UploadResult[];
}

export interface UploadsOptions {
  readonly pipeline: Pick<Pipeline, "submitParsed" | "room">;
  /** For what is too old for the stream; undefined: there is no archive, and it is refused. */
  readonly backfill: ReadingStore | undefined;
  /** Creation time of ENRICHED_TELEMETRY, for cursors. */
  readonly enrichedEpoch: number;
  readonly durability: string;
}

export interface Upload {
  readonly serial: string;
  readonly transport: Transport;
  readonly form: UploadForm;
  readonly gzip: "yes" | "no" | "by its first bytes";
  readonly body: Uint8Array;
}

export interface Uploads {
  /**
   * Takes a place for one upload; throws `rate_limited` when the gateway has uploadsPerGatewayMax
   * under way, `unavailable` when the hub has uploadsMax. The answer gives the place back.
   */
  enter(serial: string): () => void;
  /**
   * Stores the readings of a body and answers for each of them, after at most uploadMs. Throws
   * `malformed_request` or `payload_too_large` when the body as a whole cannot be read.
   */
  ingest(upload: Upload): Promise<UploadAnswer>;
}

export function createUploads(options: UploadsOptions): Uploads {
  const { enrichedEpoch, durability } = options;
  const running = new Map<string, number>();
  let total = 0;
  return {
    enter(serial) {
      const ofGateway = running.get(serial) ?? 0;
      if (ofGateway >= limits.uploadsPerGatewayMax) {
        const why = `${ofGateway} uploads of ${serial} are under way; wait for their answers.`;
        throw new NovacoreError("rate_limited", why);
      }
      if (total >= limits.uploadsMax) {
        throw new NovacoreError(
          "unavailable",
          `${total} uploads are under way; try again shortly.`,
        );
      }
      running.set(serial, ofGateway + 1);
      total++;
      let left = false;
      return () => {
        if (left) return;
        left = true;
        total--;
        const rest = (running.get(serial) ?? 1) - 1;
        if (rest === 0) running.delete(serial);
        else running.set(serial, rest);
      };
    },
    async ingest(upload) {
      const { gzip, form, body } = upload;
      const packed = gzip === "yes" || (gzip === "by its first bytes" && isGzip(body));
      const outcomes = await submitAll(options, upload, packed ? await unpack(body) : body, form);
      const results = outcomes.map((outcome, index) => resultOf(outcome, index, enrichedEpoch));
      const count = (status: UploadResult["status"]) =>
        results.filter((result) => result.status === status).length;
      return {
        accepted: count("stored"),
        duplicates: count("duplicate"),
        rejected: count("rejected"),
        durability,
        results,
      };
    },
  };
}

/**
 * Hands readings over as fast as the store takes them, a few at a time, so that others get theirs.
 * Only an upload with readings for the archive waits for it.
 */
async function submitAll(
  { pipeline, backfill }: UploadsOptions,
  { serial, transport }: Upload,
  body: Uint8Array,
  form: UploadForm,
): Promise<readonly Outcome[]> {
  const items = readUpload(body, form);
  const receivedAtMs = Date.now();
  const outcomes = new Array<Outcome>(items.length).fill(unconfirmed);
  let isForArchive = false;
  const days = new OldDays();
  const archive: ReadingSource["archive"] =
    backfill === undefined
      ? "none"
      : {
          send(...message) {
            isForArchive = true;
            backfill.send(...message);
          },
          refusal: (timestampMs) => days.take(timestampMs),
        };
  let open = items.length;
  let over = false;
  await new Promise<void>((resolve, reject) => {
    const finish = () => {
      over = true;
      clearTimeout(deadline);
      resolve();
    };
    const deadline = setTimeout(finish, limits.uploadMs);
    const run = async () => {
      let bytes = 0;
      for (const [index, item] of items.entries()) {
        bytes += item.byteLength;
        if (index % submitAtOnce === 0 || bytes > submitBytesAtOnce) {
          bytes = 0;
          await setImmediate();
          await pipeline.room();
          if (isForArchive) await backfill?.room();
          if (over) return;
        }
        const { hardwareId, der, reading, original } = readItem(item);
        const source = { serial, hardwareId, der, receivedAtMs, transport, archive };
        pipeline.submitParsed(source, reading, original, (outcome) => {
          if (!over) outcomes[index] = outcome;
          open--;
          if (open === 0) finish();
        });
      }
    };
    run().catch((error: unknown) => {
      clearTimeout(deadline);
      reject(error);
    });
  });
  return outcomes;
}

const submitAtOnce = 200;
/** Parsing is at its slowest 6 MB a second: nobody waits longer than 20 ms for an upload. */
const submitBytesAtOnce = 128 * 1024;

const unconfirmed: Outcome = {
  ok: false,
  code: "unavailable",
  message: "The store has not confirmed it in time; send it again, it is stored once at most.",
  retryable: true,
};

function resultOf(outcome: Outcome, index: number, epoch: number): UploadResult {
  if (!outcome.ok) {
    const { code: error, message, path } = outcome;
    const result = { index, status: "rejected", error, message } as const;
    return path === undefined ? result : { ...result, path };
  }
  const { duplicate, sequence, archived } = outcome;
  const status = duplicate ? "duplicate" : "stored";
  if (archived) return { index, status, archived };
  if (sequence === undefined) return { index, status };
  return { index, status, cursor: encodeCursor({ epoch, sequence }) };
}
