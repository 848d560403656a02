const clientIdsMax = 200_000;

interface Owner {
  readonly identityId: string;
  /** How much of the client id is the owner's own name: 0 when it does not occur in it. */
  readonly claim: number;
}

/**
 * Who uses which MQTT client id. nats-server knows sessions by client id alone, over all users of an
 * account: whoever logs in with another gateway's id throws it out and inherits its session. Here
 * the first to use an id keeps it, except that an id which holds one's own name is one's own; of two
 * such the longer name wins. Known to this hub since its start; at the limit the oldest is
 * forgotten.
 */
export class MqttClientIds {
  readonly #owners = new Map<string, Owner>();

  /** Whether the identity may use the client id; takes it if so. */
  take(clientId: string, identityId: string): boolean {
    const claim = clientId.includes(identityId) ? identityId.length : 0;
    const owner = this.#owners.get(clientId);
    if (owner !== undefined && owner.identityId !== identityId && owner.claim >= claim) {
      return false;
    }
    this.#owners.delete(clientId);
    this.#owners.set(clientId, { identityId, claim });
    if (this.#owners.size > clientIdsMax) {
      for (const oldest of this.#owners.keys()) {
        this.#owners.delete(oldest);
        break;
      }
    }
    return true;
  }

  /** Frees the ids of an identity that is revoked or released: new hardware may bring them back. */
  forget(identityId: string): void {
    for (const [clientId, owner] of this.#owners) {
      if (owner.identityId === identityId) this.#owners.delete(clientId);
    }
  }
}
