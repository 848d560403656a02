import { type ErrorCode, NovacoreError } from "@novacore/protocol";
import type { Logger } from "pino";
import { Activator } from "./activator.ts";
import { decodeReading, type JsonObject } from "./decode.ts";
import { Dedupe } from "./dedupe.ts";
import type { ClockNote } from "./gateway-clocks.ts";
import { type OldGo, placeOf, readTimeOf, translate } from "./judge.ts";
import type { CanonicalReading } from "./normalise.ts";
import { payloadOf } from "./payload.ts";
import { Refusal } from "./refusal.ts";
import type { GatewayTree, Target } from "./resolve-target.ts";
import { type RegistryChanges, Resolver } from "./resolver.ts";

export type Transport = "nats" | "mqtt" | "http" | "nats-batch" | "websocket";

/** Where a reading comes from, as the authenticated connection and the subject say. */
export interface ReadingSource {
  readonly serial: string;
  /** As the gateway wrote it: verbatim or sanitised. */
  readonly hardwareId: string;
  /** The DER's name, or its type. */
  readonly der: string;
  /** Hub clock. */
  readonly receivedAtMs: number;
  readonly transport: Transport;
  /** Takes what is too old for the stream; undefined: only uploads may be; none: the hub has none. */
  readonly archive?: OldReadings | "none";
}

/** Where readings go that are too old for the stream. */
export interface OldReadings extends Pick<ReadingStore, "send"> {
  /** Why it takes none of that time now; undefined: it does. */
  refusal?(timestampMs: number): NovacoreError | undefined;
}

export interface RawReading extends ReadingSource {
  readonly payload: Uint8Array;
}

/** What became of a reading; told only once it is on disk, as a reading or as a rejection. */
export type Outcome =
  | {
      readonly ok: true;
      /** It was stored before; `sequence` is known only where the store said it. */
      readonly duplicate: boolean;
      readonly sequence?: number;
      /** It was too old for the stream and goes to the archive alone. */
      readonly archived?: true;
    }
  | {
      readonly ok: false;
      readonly code: ErrorCode;
      readonly message: string;
      readonly path?: string;
      /** Neither stored nor recorded as refused: the same reading can be sent again. */
      readonly retryable: boolean;
    };

type OnOutcome = (outcome: Outcome) => void;

interface StoreResult {
  readonly sequence: number;
  readonly duplicate: boolean;
}

/** What the pipeline needs of the store. */
export interface ReadingStore {
  send(
    subject: string,
    payload: Uint8Array,
    id: string,
    done: (result: StoreResult | NovacoreError) => void,
  ): void;
  room(): Promise<void> | undefined;
}

export interface RejectedReading {
  readonly serial: string;
  readonly hardwareId: string | undefined;
  readonly der: string | undefined;
  readonly code: ErrorCode;
  readonly message: string;
  readonly path: string | undefined;
  readonly receivedAtMs: number;
  readonly original: Uint8Array;
}

export interface RejectionStore {
  record(rejection: RejectedReading, done: (result: StoreResult | NovacoreError) => void): void;
}

export interface PipelineMetrics {
  readonly readingsReceived: { inc(labels: { transport: Transport }, readings?: number): void };
  readonly readingsStored: { inc(readings?: number): void };
  readonly readingsArchiveOnly: { inc(readings?: number): void };
  readonly readingsDuplicate: { inc(readings?: number): void };
  readonly readingsRejected: { inc(labels: { code: ErrorCode }, readings?: number): void };
  readonly rejectionsLost: { inc(readings?: number): void };
}

export interface PipelineOptions {
  /** Reads a gateway's devices from the registry. */
  readonly resolve: (serial: string) => Promise<GatewayTree | undefined>;
  readonly changes: RegistryChanges;
  readonly publisher: ReadingStore;
  readonly rejections: RejectionStore;
  /** Called once at the first stored reading of a pending device. */
  readonly activate: (deviceId: string) => Promise<void>;
  /** Told when each reading was taken and came, also of one that is refused for that. */
  readonly clocks?: { note(serial: string, note: ClockNote): void };
  readonly log: Pick<Logger, "warn">;
  readonly metrics?: PipelineMetrics;
  /** Epoch ms; default the hub's clock. */
  readonly now?: () => number;
}

export interface Pipeline {
  /** Takes a reading through to the store. Never throws; `done` is called exactly once. */
  submit(raw: RawReading, done: OnOutcome): void;
  /** As `submit`, for a reading that is parsed; `original` is asked for only when it is refused. */
  submitParsed(
    source: ReadingSource,
    reading: JsonObject | Refusal,
    original: () => Uint8Array,
    done: OnOutcome,
  ): void;
  accept(raw: RawReading): Promise<Outcome>;
  /** Records a message that is not even addressed to a DER. */
  reject(rejection: Omit<RejectedReading, "receivedAtMs">, done: OnOutcome): void;
  /** Counts a reading that is refused without a record of its own. */
  drop(code: ErrorCode): void;
  /** Takes note of a stored `{der_id}:{timestamp}`, from before this hub started. */
  remember(id: string): void;
  /** Resolves when the store can take more; undefined: it can now. */
  room(): Promise<void> | undefined;
  /** Readings remembered by the deduplication. */
  readonly remembered: { readonly entries: number; readonly ders: number };
  close(): void;
}

/** Decode, resolve, normalise, deduplicate, store: what every way in has in common. */
export function createPipeline(options: PipelineOptions): Pipeline {
  const { publisher, rejections, metrics, now = Date.now } = options;
  const resolver = new Resolver({ readTree: options.resolve, changes: options.changes });
  const dedupe = new Dedupe<Outcome>();
  const activator = new Activator(options.activate, options.log);
  const minute = setInterval(() => dedupe.nextMinute(), 60_000).unref();

  const reject = (rejection: RejectedReading, done: OnOutcome) => {
    const { code, message, path } = rejection;
    metrics?.readingsRejected.inc({ code });
    rejections.record(rejection, (result) => {
      const lost = result instanceof NovacoreError;
      if (lost) metrics?.rejectionsLost.inc();
      const outcome = { ok: false, code, message, retryable: lost } as const;
      done(path === undefined ? outcome : { ...outcome, path });
    });
  };

  const store = (
    source: ReadingSource,
    target: Target,
    reading: CanonicalReading,
    done: OnOutcome,
  ) => {
    const { timestampMs } = reading;
    const id = `${target.derId}:${timestampMs}`;
    const known = dedupe.begin(target.derId, timestampMs, id);
    if (known === "stored" || known === "pending") {
      const told = (outcome: Outcome) => {
        if (outcome.ok) metrics?.readingsDuplicate.inc();
        done(outcome.ok ? { ...outcome, duplicate: true } : outcome);
      };
      if (known === "pending") dedupe.wait(id, told);
      else told({ ok: true, duplicate: true });
      return;
    }
    const payload = payloadOf(reading, target, source.receivedAtMs);
    publisher.send(target.subject, payload, id, (result) => {
      const stored = !(result instanceof NovacoreError);
      if (stored && target.pending) activator.activate(target.deviceId);
      if (stored) (result.duplicate ? metrics?.readingsDuplicate : metrics?.readingsStored)?.inc();
      const outcome: Outcome = stored
        ? { ok: true, duplicate: result.duplicate, sequence: result.sequence }
        : notStored(result);
      const waiters = dedupe.settle(target.derId, timestampMs, id, stored);
      done(outcome);
      for (const waiter of waiters) waiter(outcome);
    });
  };

  // The deduplication is not asked: it knows minutes, and tells no two instants apart that are 49
  // days from each other. The stream knows what came just now, and the archive drops the rest.
  const storeForArchive = (
    archive: OldReadings,
    source: ReadingSource,
    target: Target,
    reading: CanonicalReading,
    done: OnOutcome,
  ) => {
    const refuseAs = (error: NovacoreError) => {
      metrics?.readingsRejected.inc({ code: error.code });
      done(notStored(error));
    };
    const refusal = archive.refusal?.(reading.timestampMs);
    if (refusal !== undefined) {
      refuseAs(refusal);
      return;
    }
    const payload = payloadOf(reading, target, source.receivedAtMs);
    const id = `${target.derId}:${reading.timestampMs}`;
    archive.send(target.backfillSubject, payload, id, (result) => {
      if (result instanceof NovacoreError) {
        refuseAs(result);
        return;
      }
      if (target.pending) activator.activate(target.deviceId);
      (result.duplicate ? metrics?.readingsDuplicate : metrics?.readingsArchiveOnly)?.inc();
      done({ ok: true, duplicate: result.duplicate, archived: true });
    });
  };

  const submitParsed: Pipeline["submitParsed"] = (source, reading, original, done) => {
    const { serial, hardwareId, der, archive } = source;
    metrics?.readingsReceived.inc({ transport: source.transport });
    const refuseAs = ({ code, message, path }: Refusal) => {
      const { receivedAtMs } = source;
      const about = { serial, hardwareId, der, code, message, path, receivedAtMs };
      reject({ ...about, original: original() }, done);
    };
    if (reading instanceof Refusal) {
      refuseAs(reading);
      return;
    }
    const onTarget = (target: Target) => {
      const canonical = translate(reading, target, options.log);
      if (canonical instanceof Refusal) {
        refuseAs(canonical);
        return;
      }
      const { timestampMs } = canonical;
      const readTimeMs = readTimeOf(reading);
      const place = placeOf(canonical, now(), oldGo(archive));
      const isTaken = !(place instanceof Refusal);
      const { receivedAtMs } = source;
      options.clocks?.note(serial, { timestampMs, receivedAtMs, readTimeMs, isTaken });
      if (place instanceof Refusal) refuseAs(place);
      else if (place === "stream") store(source, target, canonical, done);
      else if (typeof archive === "object")
        storeForArchive(archive, source, target, canonical, done);
    };
    const target = resolver.find(serial, hardwareId, der);
    if (target !== undefined) {
      onTarget(target);
      return;
    }
    resolver.resolve(serial, hardwareId, der, (found) => {
      if (found instanceof Refusal) refuseAs(found);
      else if (found instanceof Error) done(registryFailed(found, options.log));
      else onTarget(found);
    });
  };

  const submit: Pipeline["submit"] = (raw, done) => {
    submitParsed(raw, decodeReading(raw.payload), () => raw.payload, done);
  };

  return {
    submit,
    submitParsed,
    accept: (raw) => new Promise((resolve) => submit(raw, resolve)),
    reject: (rejection, done) => reject({ ...rejection, receivedAtMs: now() }, done),
    drop: (code) => metrics?.readingsRejected.inc({ code }),
    remember: (id) => dedupe.remember(id),
    room: () => publisher.room(),
    get remembered() {
      return dedupe.size;
    },
    close() {
      clearInterval(minute);
      resolver.close();
    },
  };
}

function notStored({ code, message, details: [detail] }: NovacoreError): Outcome {
  const outcome = { ok: false, code, message, retryable: true } as const;
  return detail === undefined ? outcome : { ...outcome, path: detail.path };
}

function registryFailed(error: Error, log: Pick<Logger, "warn">): Outcome {
  log.warn({ err: error }, "the registry could not be read");
  const message = "The registry could not be read; send the reading again.";
  return { ok: false, code: "unavailable", message, retryable: true };
}

function oldGo(archive: ReadingSource["archive"]): OldGo {
  if (archive === undefined) return "by upload";
  return archive === "none" ? "nowhere" : "archive";
}
