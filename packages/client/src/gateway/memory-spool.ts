import { MemoryFolder } from "./memory-folder.ts";
import { type DroppedRecords, Spool, type SpoolOptions } from "./spool.ts";

export const startMs = Date.UTC(2026, 0);

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Spools on one disk, one after the other, and what they told to be dropped. */
export interface Rig {
  readonly folder: MemoryFolder;
  nowMs: number;
  readonly dropped: DroppedRecords[];
  open(options?: Partial<SpoolOptions>): Promise<Spool>;
}

export function createRig(seed = 1): Rig {
  const folder = new MemoryFolder(seeded(seed));
  const dropped: DroppedRecords[] = [];
  const rig: Rig = {
    ...{ folder, dropped, nowMs: startMs },
    open: (options = {}) =>
      Spool.open({
        ...{ folder, bytesMax: 64 * 1_024 * 1_024, ageMaxMs: 3_600_000 },
        now: () => rig.nowMs,
        onAppended: () => undefined,
        onDropped: (each) => dropped.push(each),
        ...options,
      }),
  };
  return rig;
}

export const limits = { records: 100, bytes: 4_096 };
export const append = (spool: Spool, text: string) => spool.append(Buffer.from(text));

export async function takeAll(spool: Spool, portion = limits): Promise<string[]> {
  const taken: string[] = [];
  for (;;) {
    const records = await spool.read(portion);
    const last = records.at(-1);
    if (last === undefined) return taken;
    taken.push(...records.map(({ payload }) => payload.toString()));
    await spool.settle(last);
  }
}
