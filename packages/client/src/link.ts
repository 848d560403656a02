import {
  alarmMs,
  begin,
  type ConnectionAction,
  type ConnectionEvent,
  type ConnectionNotice,
  type ConnectionState,
  next,
  type Step,
  type Timing,
} from "./connection-state.ts";
import type { CredentialSource } from "./credentials.ts";
import { credentialCodes, type NovacoreError, toNovacoreError } from "./errors.ts";
import type { Runtime } from "./runtime.ts";
import type { Arrival, Connection, Credential } from "./transport.ts";

export interface LinkOptions {
  /** Opens a connection that goes on where the one before has stopped. */
  readonly connect: (
    credential: Credential | undefined,
    take: (arrival: Arrival) => void,
  ) => { readonly connection: Connection; readonly hasPast: boolean };
  readonly credentials: CredentialSource;
  readonly runtime: Runtime;
  readonly timing: Timing;
  /** All but what is about the connection itself. */
  readonly onArrival: (arrival: Arrival) => void;
  readonly onNotice: (notice: ConnectionNotice) => void;
}

/** Drives the state machine: owns the connection and the one timer that a stream has. */
export class Link {
  readonly #options: LinkOptions;
  #state: ConnectionState | undefined;
  #connection: Connection | undefined;
  /** Counts connections, so that what a former one still says is not heard. */
  #generation = 0;
  #hasPast = false;
  /** Why a newer credential is wanted. */
  #refusal: NovacoreError | undefined;
  #alarm: { readonly atMs: number; readonly cancel: () => void } | undefined;
  #stopOnline: (() => void) | undefined;
  readonly #events: ConnectionEvent[] = [];
  #isStepping = false;
  #renewAgainMs = Number.NEGATIVE_INFINITY;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  /** Undefined before the start. */
  get state(): ConnectionState["kind"] | undefined {
    return this.#state?.kind;
  }

  start(): void {
    if (this.#state !== undefined) return;
    this.#stopOnline = this.#options.runtime.onOnline(() => this.#dispatch({ kind: "online" }));
    this.#apply(begin(this.#now()));
    this.#settle();
  }

  stop(): void {
    this.#dispatch({ kind: "stopped" });
  }

  allow(readings: number): void {
    this.#connection?.allow(readings);
  }

  #now() {
    const { runtime, timing } = this.#options;
    return { nowMs: runtime.now(), random: runtime.random(), timing };
  }

  /** What an action causes at once waits until the step is done. */
  #dispatch(event: ConnectionEvent): void {
    this.#events.push(event);
    if (this.#isStepping || this.#state === undefined) return;
    this.#isStepping = true;
    try {
      for (let each = this.#events.shift(); each !== undefined; each = this.#events.shift()) {
        this.#apply(next(this.#state, each, this.#now()));
      }
    } finally {
      this.#isStepping = false;
    }
    this.#settle();
  }

  #apply({ state, actions }: Step): void {
    this.#state = state;
    for (const action of actions) this.#do(action);
  }

  #do(action: ConnectionAction): void {
    switch (action.do) {
      case "connect":
        void this.#connect(action.credential);
        break;
      case "disconnect":
        this.#generation++;
        this.#connection?.close();
        this.#connection = undefined;
        break;
      case "renew":
        void this.#renew();
        break;
      case "tell":
        this.#options.onNotice(action.notice);
        break;
    }
  }

  async #connect(wanted: "kept" | "fresh"): Promise<void> {
    const generation = ++this.#generation;
    try {
      const { credentials, connect } = this.#options;
      const credential = await credentials.get(wanted === "fresh" ? this.#refusal : undefined);
      if (generation !== this.#generation) return;
      const opened = connect(credential, (arrival) => {
        if (generation === this.#generation) this.#take(arrival);
      });
      this.#hasPast = opened.hasPast;
      this.#connection = opened.connection;
    } catch (thrown) {
      if (generation !== this.#generation) return;
      const error = toNovacoreError(thrown, "The credential could not be renewed");
      // The refusal itself: there is no other credential.
      if (error === this.#refusal) this.#dispatch({ kind: "refused", error });
      else this.#fail(error);
    }
  }

  async #renew(): Promise<void> {
    const generation = this.#generation;
    // The hub says so at once of a newer one that ends soon as well.
    const now = this.#options.runtime.now();
    if (now < this.#renewAgainMs) return;
    this.#renewAgainMs = now + renewEveryMs;
    try {
      const credential = await this.#options.credentials.renew();
      if (generation !== this.#generation || credential === undefined) return;
      this.#connection?.refresh(credential);
    } catch {
      // The hub ends the connection when its credential does, and the next one is tried with another:
      // then there is an answer to give, or the stream goes on.
    }
  }

  #take(arrival: Arrival): void {
    switch (arrival.kind) {
      case "opened":
        this.#refusal = undefined;
        this.#dispatch({ ...arrival, hasPast: this.#hasPast });
        break;
      case "closed":
        this.#fail(arrival.error);
        break;
      case "heard":
      case "held":
      case "expiring":
        this.#dispatch(arrival);
        break;
      case "caught_up":
      case "reset":
        this.#options.onArrival(arrival);
        this.#dispatch(arrival);
        break;
      case "readings":
      case "position":
      case "liveness":
        this.#options.onArrival(arrival);
        break;
    }
  }

  #fail(error: NovacoreError): void {
    if (credentialCodes.has(error.code)) {
      this.#refusal = error;
      this.#dispatch({ kind: "expired", error });
    } else {
      this.#dispatch({ kind: error.isRetryable ? "lost" : "refused", error });
    }
  }

  /** One timer, set anew only for what is sooner: a watchdog is put off by each reading. */
  #settle(): void {
    if (this.#state === undefined) return;
    if (this.#state.kind === "ended") {
      this.#stopOnline?.();
      this.#stopOnline = undefined;
    }
    const atMs = alarmMs(this.#state);
    if (this.#alarm !== undefined && this.#alarm.atMs <= atMs && atMs !== Infinity) return;
    this.#alarm?.cancel();
    this.#alarm = undefined;
    if (atMs === Infinity) return;
    const { runtime } = this.#options;
    const ring = () => {
      this.#alarm = undefined;
      this.#dispatch({ kind: "tick" });
    };
    const cancel = runtime.after(Math.max(0, Math.ceil(atMs - runtime.now())), ring);
    this.#alarm = { atMs, cancel };
  }
}

/** Between two newer credentials that are asked for before the one in use is refused. */
const renewEveryMs = 10_000;
