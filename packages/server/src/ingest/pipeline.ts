import { type ErrorCode, NovacoreError } from "@novacore/protocol";
import type { Logger } from "pino";
import { limits } from "../limits.ts";
import { Activator } from "./activator.ts";
import { decodeReading, type JsonObject } from "./decode.ts";
import { Dedupe } from "./dedupe.ts";
import { type CanonicalReading, normalise } from "./normalise.ts";
import { Refusal, refuse } from "./refusal.ts";
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
    const payload = Buffer.from(`${reading.json}${target.origin}${source.receivedAtMs}}`);
    publisher.send(target.subject, payload, id, (result) => {
      const stored = !(result instanceof NovacoreError);
      if (stored && target.pending) activator.activate(target.deviceId);
      if (stored) (result.duplicate ? metrics?.readingsDuplicate : metrics?.readingsStored)?.inc();
      const outcome: Outcome = stored
        ? { ok: true, duplicate: result.duplicate, sequence: result.sequence }
        : { ok: false, code: result.code, message: result.message, retryable: true };
      const waiters = dedupe.settle(target.derId, timestampMs, id, stored);
      done(outcome);
      for (const waiter of waiters) waiter(outcome);
    });
  };

  const submitParsed: Pipeline["submitParsed"] = (source, reading, original, done) => {
    metrics?.readingsReceived.inc({ transport: source.transport });
    const refuseAs = ({ code, message, path }: Refusal) => {
      const { serial, hardwareId, der, receivedAtMs } = source;
      const about = { serial, hardwareId, der, code, message, path, receivedAtMs };
      reject({ ...about, original: original() }, done);
    };
    if (reading instanceof Refusal) {
      refuseAs(reading);
      return;
    }
    const onTarget = (target: Target) => {
      const checked = judge(reading, target, now(), options.log);
      if (checked instanceof Refusal) refuseAs(checked);
      else store(source, target, checked, done);
    };
    const { serial, hardwareId, der } = source;
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

/**
 * A reading that the hub fails over is refused as any other: thrown on, the failure would end the
 * hub, and again after each restart, since the message comes again.
 */
function judge(
  reading: JsonObject,
  target: Target,
  nowMs: number,
  log: Pick<Logger, "warn">,
): CanonicalReading | Refusal {
  try {
    const canonical = normalise(reading, target);
    return canonical instanceof Refusal ? canonical : check(canonical, nowMs);
  } catch (error) {
    log.warn({ err: error, derId: target.derId }, "a reading could not be judged");
    return refuse("internal", "The hub failed over this reading; its log says why.");
  }
}

/** What does not depend on the type: the size, and the gateway's clock against the hub's. */
function check(reading: CanonicalReading, nowMs: number): CanonicalReading | Refusal {
  const { timestampMs, json } = reading;
  if (json.length > limits.readingBytesMax) {
    const most = limits.readingBytesMax;
    return refuse(
      "reading_too_large",
      `The reading has ${json.length} bytes; the limit is ${most}.`,
    );
  }
  const aheadMs = timestampMs - nowMs;
  if (aheadMs > limits.clockAheadMs) {
    const why = `is ${Math.round(aheadMs / 1000)} s ahead of the hub's clock`;
    return refuse(
      "reading_in_future",
      `The timestamp ${timestampMs} ${why}; the limit is ${limits.clockAheadMs / 1000} s.`,
      "timestamp",
    );
  }
  if (-aheadMs > limits.backfillMs) {
    const days = limits.backfillMs / 86_400_000;
    return refuse(
      "reading_too_old",
      `The timestamp ${timestampMs} is more than ${days} days old.`,
      "timestamp",
    );
  }
  return reading;
}

function registryFailed(error: Error, log: Pick<Logger, "warn">): Outcome {
  log.warn({ err: error }, "the registry could not be read");
  const message = "The registry could not be read; send the reading again.";
  return { ok: false, code: "unavailable", message, retryable: true };
}
