import { NovacoreError } from "@novacore/protocol";
import { limits } from "../limits.ts";

/** The days of an upload's readings that go to the archive alone: of each it makes a file. */
export class OldDays {
  readonly #days = new Set<number>();

  /** Takes the day of a reading; answers `too_many_days` when there are uploadOldDaysMax others. */
  take(timestampMs: number): NovacoreError | undefined {
    const day = Math.floor(timestampMs / dayMs);
    if (this.#days.has(day)) return undefined;
    const { uploadOldDaysMax } = limits;
    if (this.#days.size < uploadOldDaysMax) {
      this.#days.add(day);
      return undefined;
    }
    const date = new Date(day * dayMs).toISOString().slice(0, 10);
    const message = `is of ${date}, and the upload has old readings of ${uploadOldDaysMax} other days already; send it in another upload`;
    const details = [{ path: "/timestamp", message }];
    return new NovacoreError("too_many_days", `/timestamp ${message}.`, { details });
  }
}

const dayMs = 86_400_000;
