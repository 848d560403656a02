import { NovacoreError } from "@novacore/protocol";
import { limits } from "../limits.ts";

/** A file of the archive that could not be read, as far as it is known which. */
export interface Damage {
  readonly path: string | undefined;
  /** Of its readings, UTC. */
  readonly day: string | undefined;
}

/** What DuckDB's message says of a file that is cut, empty, gone or spoilt; undefined: nothing. */
export function damageOf(message: string): Damage | undefined {
  const path = /["']([^"'\n]+\.parquet)["']/.exec(message)?.[1];
  if (path === undefined ? !isOfSpoiltBytes.test(message) : !isOfReading.test(message)) {
    return undefined;
  }
  return { path, day: path && /date=(\d{4}-\d\d-\d\d)/.exec(path)?.[1] };
}

/** How its messages begin; one about the statement itself shows a path as well. */
const isOfReading = /^(Invalid Input|IO|Invalid|Serialization) Error/;
/** These name no file: they come of the bytes of a page, or of what a file says of itself. */
const isOfSpoiltBytes = /zstd|decompress|thrift|TProtocol|parquet|corrupt/i;

/** What a client is told: the day, by which it can ask for others, and no path. */
export function damagedError({ day }: Damage, cause: Error): NovacoreError {
  const place = day === undefined ? "these days" : day;
  const message = `A file of the archive with readings of ${place} cannot be read; ask for other days, and tell the hub's operator.`;
  return new NovacoreError("archive_damaged", message, { cause });
}

export interface DamagesOptions {
  readonly log: { error(object: object, message: string): void };
  readonly count: (() => void) | undefined;
  readonly now: () => number;
}

/** What of the archive queries could not read lately. */
export class Damages {
  readonly #options: DamagesOptions;
  /** By path: when it was met last, epoch ms, and the day of its readings. */
  readonly #met = new Map<string, { readonly atMs: number; readonly day: string | undefined }>();

  constructor(options: DamagesOptions) {
    this.#options = options;
  }

  /** Counts it, and logs it where it has not been met lately. */
  note({ path, day }: Damage, cause: Error): void {
    const { log, count, now } = this.#options;
    count?.();
    const key = path ?? "";
    this.#forgetOld();
    if (!this.#met.has(key)) {
      const event = { event: "archive_damaged", err: cause, path, day };
      log.error(event, "a file of the archive cannot be read: restore it (docs/operating.md)");
    }
    this.#met.set(key, { atMs: now(), day });
  }

  /** A sentence for the operator; undefined: no query has met any in limits.archiveDamageToldMs. */
  problem(): string | undefined {
    this.#forgetOld();
    if (this.#met.size === 0) return undefined;
    const days = new Set([...this.#met.values()].map(({ day }) => day ?? "an unknown day"));
    return `files cannot be read, of ${[...days].sort().join(", ")}: the log has their paths`;
  }

  #forgetOld(): void {
    const before = this.#options.now() - limits.archiveDamageToldMs;
    for (const [path, { atMs }] of this.#met) if (atMs < before) this.#met.delete(path);
  }
}
