/**
 * What changed in the registry, told after the commit: caches drop what they know about it and read
 * it again. A change of a device or a DER is told as a change of its gateway, whose tree holds it.
 */
export interface RegistryChange {
  readonly kind: "gateway" | "identity" | "keys" | "member" | "site";
  /**
   * Serial of the gateway; id of the identity (also for its membership, and when keys of it were taken
   * away) or of the site.
   */
  readonly id: string;
  /** Whether this hub made the change, or another one on the same database. */
  readonly origin: "here" | "elsewhere";
}

export interface RegistryChanges {
  /** Calls `listener` after each commit, in order; it must not throw. Returns its own removal. */
  subscribe(listener: (change: RegistryChange) => void): () => void;
  /** Tells a change that another hub has made. */
  hear(kind: RegistryChange["kind"], id: string): void;
}

/** The emitting side, kept inside the registry. */
export class ChangeFeed implements RegistryChanges {
  readonly #listeners = new Set<(change: RegistryChange) => void>();

  subscribe(listener: (change: RegistryChange) => void): () => void {
    // Wrapped, so that one function subscribed twice is told twice and removed one by one.
    const entry = (change: RegistryChange) => listener(change);
    this.#listeners.add(entry);
    return () => {
      this.#listeners.delete(entry);
    };
  }

  emit(kind: RegistryChange["kind"], ids: Iterable<string>): void {
    for (const id of ids) this.#tell({ kind, id, origin: "here" });
  }

  hear(kind: RegistryChange["kind"], id: string): void {
    this.#tell({ kind, id, origin: "elsewhere" });
  }

  #tell(change: RegistryChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}
