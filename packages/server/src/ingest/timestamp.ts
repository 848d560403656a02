/** An instant as a gateway wrote it. */
export interface GatewayTime {
  /** Epoch milliseconds. */
  readonly ms: number;
  /** Written as RFC 3339 text: the mark of a dialect that misuses `read_time_ms`. */
  readonly asText: boolean;
}

/**
 * Reads a timestamp in any form of the wire contract: epoch milliseconds, epoch seconds (ten
 * digits), or RFC 3339 with any precision and offset. Undefined for everything else.
 */
export function readTime(value: unknown): GatewayTime | undefined {
  if (typeof value === "number") {
    if (!Number.isFinite(value)) return undefined;
    // 1e11 is 1973 in milliseconds and the year 5138 in seconds: no reading is near either.
    return { ms: Math.round(value < 1e11 ? value * 1000 : value), asText: false };
  }
  if (typeof value !== "string" || !rfc3339.test(value)) return undefined;
  const ms = Date.parse(value.toUpperCase().replace(" ", "T"));
  return Number.isNaN(ms) ? undefined : { ms, asText: true };
}

const rfc3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,12})?([Zz]|[+-]\d\d:\d\d)$/;
