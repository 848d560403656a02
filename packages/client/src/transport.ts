import type { EnrichedReading, Selection, ServerFrame } from "@novacore/protocol";
import type { ResetNotice } from "./connection-state.ts";
import type { NovacoreError } from "./errors.ts";

/**
 * What carries readings from the hub. A transport opens one connection for one stream, so that a slow
 * consumer of one stream holds up no other. Back-off, watchdog and resuming are not its business.
 */
export interface Transport {
  /** Begins to open a connection. Never throws: what goes wrong is an arrival of kind `closed`. */
  open(opening: Opening): Connection;
}

/** Makes a transport for a hub: one that is not in this package's core. */
export type TransportFactory = (hub: { readonly baseUrl: string }) => Transport;

/** What a connection is opened for. */
export interface Opening {
  readonly target: StreamTarget;
  readonly selection: StreamSelection;
  /** Everything after this position; wins over where the selection starts. */
  readonly resumeFrom?: string | undefined;
  /** Several readings a frame, gathered for this long, where the transport has frames. */
  readonly batchMs?: number | undefined;
  readonly credential?: Credential | undefined;
  /** Readings that may come before `allow` allows more. */
  readonly credit: number;
  readonly take: (arrival: Arrival) => void;
}

/** One connection, of one stream. */
export interface Connection {
  /** The consumer has dealt with so many readings: as many more may come. */
  allow(readings: number): void;
  /** Goes on with a newer credential; where that cannot be, the hub ends the connection in time. */
  refresh(credential: Credential): void;
  /** Nothing arrives after this, not even `closed`. */
  close(): void;
}

/** The wire's words; a member that is undefined is not sent. */
export type StreamSelection = { readonly [K in keyof Selection]: Selection[K] | undefined };

/** Sites or an organization; without both, the sites of the selection's `devices` or `ders`. */
export interface StreamTarget {
  readonly sites?: readonly string[];
  readonly org?: string;
}

/** What a connection is opened with. */
export type Credential =
  | { readonly kind: "token"; readonly token: string }
  | { readonly kind: "ticket"; readonly ticket: string };

/** What comes over a connection, `opened` first and `closed` last. */
export type Arrival =
  /** `silenceMs`: three of the heartbeats that the hub has promised. */
  | { readonly kind: "opened"; readonly silenceMs?: number }
  | { readonly kind: "heard" }
  | { readonly kind: "held" }
  /** The cursor is that of the last one. */
  | {
      readonly kind: "readings";
      readonly readings: readonly EnrichedReading[];
      readonly cursor: string;
    }
  /** Resuming from here misses nothing that has not arrived. */
  | { readonly kind: "position"; readonly cursor: string }
  | { readonly kind: "caught_up"; readonly cursor: string }
  | { readonly kind: "reset"; readonly reset: ResetNotice }
  | { readonly kind: "liveness"; readonly liveness: Liveness }
  | { readonly kind: "expiring" }
  | { readonly kind: "closed"; readonly error: NovacoreError };

/** How a DER does: whether its source sends, which has nothing to do with this connection. */
export type Liveness = Omit<ServerFrame<"liveness">, "op" | "id">;

/** A path below the hub's address, which may have a path of its own behind a proxy. */
export function hubUrl(baseUrl: string, path: string): URL {
  const base = new URL(baseUrl);
  base.pathname = base.pathname.replace(/\/*$/, "/");
  // By the dot it is a path, whatever it looks like: "http://other" would be another host.
  return new URL(`./${path.replace(/^\/+/, "")}`, base);
}
