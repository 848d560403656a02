import type { Health, JsonWebKeySet, Readiness } from "./openapi.ts";
import type { CallOptions, Rest } from "./rest.ts";

/** The hub itself. None of it needs a token. */
export interface HubResource {
  /** Whether the process lives, and its version. */
  health(options?: CallOptions): Promise<Health>;
  /** Whether it can take traffic, or why not. */
  readiness(options?: CallOptions): Promise<Readiness>;
  /** What it counts and measures, in Prometheus's text format. */
  metrics(options?: CallOptions): Promise<string>;
  /** The REST API as OpenAPI 3.1. */
  openApi(options?: CallOptions): Promise<object>;
  /** The streams (SSE, WebSocket, MQTT, NATS) as AsyncAPI 3. */
  asyncApi(options?: CallOptions): Promise<object>;
  /** Public keys that verify its tokens. */
  tokenKeys(options?: CallOptions): Promise<JsonWebKeySet>;
}

export function hubResource(rest: Rest): HubResource {
  return {
    health: (options) => rest.request("GET", "healthz", options),
    readiness: (options) => rest.request("GET", "readyz", { ...options, answersToo: 503 }),
    metrics: (options) => rest.text("GET", "metrics", { ...options, accept: "text/plain" }),
    openApi: (options) => rest.request("GET", "openapi.json", options),
    asyncApi: (options) => rest.request("GET", "asyncapi.json", options),
    tokenKeys: (options) => rest.request("GET", ".well-known/jwks.json", options),
  };
}
