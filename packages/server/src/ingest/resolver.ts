import { limits } from "../limits.ts";
import { Refusal } from "./refusal.ts";
import { type GatewayTree, resolveTarget, type Target } from "./resolve-target.ts";

/** What the registry tells after a commit; a change of a device or DER names its gateway. */
export interface RegistryChanges {
  subscribe(listener: (change: { readonly kind: string; readonly id: string }) => void): () => void;
}

export interface ResolverOptions {
  readonly readTree: (serial: string) => Promise<GatewayTree | undefined>;
  readonly changes: RegistryChanges;
}

export type OnResolved = (target: Target | Refusal | Error) => void;

/** A gateway whose devices are in memory, with what was found among them. */
interface Known {
  readonly tree: GatewayTree;
  /** By hardware_id, then by DER, both as the gateway writes them. */
  readonly targets: Map<string, Map<string, Target>>;
  /** How many targets. */
  count: number;
}

interface Waiter {
  readonly hardwareId: string;
  readonly der: string;
  readonly onResolved: OnResolved;
}

/** A gateway that is being read, or was a moment ago. */
interface Reading {
  waiters: Waiter[];
  /** Something changed since the read began: what it answers may be of before. */
  stale: boolean;
  /** Ends the rest between two reads: there is something new to see. */
  wake: () => void;
}

/**
 * Knows whose a reading is. What was found is remembered until the registry changes; what was not
 * found is not, so the first reading after provisioning flows. Each gateway is read by at most one
 * query at a time and at most every gatewayTreeReloadMs: who asks meanwhile waits for the next, so
 * that a flood of unknown DERs costs a bounded number of queries.
 */
export class Resolver {
  readonly #options: ResolverOptions;
  readonly #known = new Map<string, Known>();
  readonly #reading = new Map<string, Reading>();
  readonly #unsubscribe: () => void;

  constructor(options: ResolverOptions) {
    this.#options = options;
    this.#unsubscribe = options.changes.subscribe(({ kind, id }) => {
      if (kind !== "gateway") return;
      this.#known.delete(id);
      const reading = this.#reading.get(id);
      if (reading === undefined) return;
      reading.stale = true;
      reading.wake();
    });
  }

  /** The target as remembered; undefined: `resolve` has to look. */
  find(serial: string, hardwareId: string, der: string): Target | undefined {
    return this.#known.get(serial)?.targets.get(hardwareId)?.get(der);
  }

  /** Finds the target, or why there is none; an Error when the registry could not be read. */
  resolve(serial: string, hardwareId: string, der: string, onResolved: OnResolved): void {
    const known = this.#known.get(serial);
    const target = known === undefined ? undefined : lookUp(known, hardwareId, der);
    if (target !== undefined && !(target instanceof Refusal)) {
      onResolved(target);
      return;
    }
    const waiter = { hardwareId, der, onResolved };
    const reading = this.#reading.get(serial);
    if (reading !== undefined) {
      reading.waiters.push(waiter);
      return;
    }
    const started = { waiters: [waiter], stale: false, wake: () => undefined };
    this.#reading.set(serial, started);
    void this.#read(serial, started);
  }

  close(): void {
    this.#unsubscribe();
  }

  async #read(serial: string, reading: Reading): Promise<void> {
    while (reading.waiters.length > 0) {
      const waiters = reading.waiters;
      reading.waiters = [];
      reading.stale = false;
      const startedMs = performance.now();
      const tree = await this.#readTree(serial);
      if (reading.stale) reading.waiters = [...waiters, ...reading.waiters];
      else this.#answer(serial, tree, waiters, reading);
      const restMs = limits.gatewayTreeReloadMs - (performance.now() - startedMs);
      if (!reading.stale && restMs > 0) await rest(reading, restMs);
    }
    this.#reading.delete(serial);
  }

  async #readTree(serial: string): Promise<GatewayTree | undefined | Error> {
    try {
      return await this.#options.readTree(serial);
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  #answer(
    serial: string,
    tree: GatewayTree | undefined | Error,
    waiters: readonly Waiter[],
    reading: Reading,
  ): void {
    if (tree instanceof Error) {
      for (const { onResolved } of waiters) onResolved(tree);
      return;
    }
    if (tree === undefined) {
      const nobody = resolveTarget(undefined, serial, "", "");
      for (const { onResolved } of waiters) onResolved(nobody);
      return;
    }
    const known = this.#remember(serial, tree);
    // Who came during the query may use what it found; only what it did not find may be too old.
    const later = reading.waiters;
    reading.waiters = [];
    for (const waiter of waiters) waiter.onResolved(lookUp(known, waiter.hardwareId, waiter.der));
    for (const waiter of later) {
      const target = lookUp(known, waiter.hardwareId, waiter.der);
      if (target instanceof Refusal) reading.waiters.push(waiter);
      else waiter.onResolved(target);
    }
  }

  #remember(serial: string, tree: GatewayTree): Known {
    const known: Known = { tree, targets: new Map(), count: 0 };
    if (this.#known.size >= limits.gatewayTreesMax) {
      const [oldest] = this.#known.keys();
      if (oldest !== undefined) this.#known.delete(oldest);
    }
    this.#known.set(serial, known);
    return known;
  }
}

function rest(reading: Reading, restMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, restMs);
    reading.wake = () => {
      clearTimeout(timer);
      resolve();
    };
  });
}

function lookUp(known: Known, hardwareId: string, der: string): Target | Refusal {
  const remembered = known.targets.get(hardwareId)?.get(der);
  if (remembered !== undefined) return remembered;
  const target = resolveTarget(known.tree, known.tree.serial, hardwareId, der);
  if (target instanceof Refusal) return target;
  // Spellings of a type ("pv", "PV", …) are many; what a gateway really uses is few.
  if (known.count >= targetsPerGatewayMax) {
    known.targets.clear();
    known.count = 0;
  }
  const ders = known.targets.get(hardwareId) ?? new Map<string, Target>();
  known.targets.set(hardwareId, ders.set(der, target));
  known.count++;
  return target;
}

const targetsPerGatewayMax = 2_000;
