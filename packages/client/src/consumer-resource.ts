import type { Consumer, ConsumerPosition } from "./openapi.ts";
import type { CallOptions, Rest } from "./rest.ts";

/** Whose consumers: an integration has its own, whoever manages it names it. */
export interface ConsumerOwner {
  readonly integration_id?: string | undefined;
}

/** A consumer by which a back end reads stored readings over NATS. */
export interface ConsumerResource {
  /** How far it is. */
  get(options?: CallOptions): Promise<Consumer>;
  /** Goes on from another position. */
  reset(position: ConsumerPosition, options?: CallOptions): Promise<Consumer>;
  delete(options?: CallOptions): Promise<void>;
}

export function consumerResource(rest: Rest, name: string, owner: ConsumerOwner): ConsumerResource {
  const path = `nats/consumers/${encodeURIComponent(name)}`;
  const query = { ...owner };
  return {
    get: (options) => rest.request("GET", path, { ...options, query }),
    reset: (body, options) => rest.request("POST", `${path}/reset`, { ...options, query, body }),
    delete: (options) => rest.request("DELETE", path, { ...options, query }),
  };
}
