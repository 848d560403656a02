import { arch, availableParallelism, cpus, release, totalmem, type } from "node:os";

/** What a measurement was made on. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memory_GiB: number;
  readonly system: string;
  readonly node: string;
}

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memory_GiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()} ${arch()}`,
    node: process.versions.node,
  };
}
