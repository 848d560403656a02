import { Novacore, type ReadingStream, type ReadingsOptions } from "@novacore/client";
import { natsTransport } from "@novacore/client/nats";
import { createConditions } from "../../support/conditions.ts";

/** What one client of the day listens to, and how it behaves. */
export interface ClientPlan {
  readonly name: string;
  readonly network: Network;
  readonly transport: "sse" | "websocket" | "nats";
  readonly target: ClientTarget;
  readonly options: Pick<ReadingsOptions, "types" | "batchMs" | "queueMax" | "reorderMs">;
  /** Where it all starts: epoch ms, by when readings were stored. */
  readonly since: number;
  /** The DERs that it hears by that. */
  readonly ders: readonly string[];
  /** Lets others have their turn at each reading, as an application with work to do. */
  readonly isSlow: boolean;
  /** How long each of its tokens is good. */
  readonly tokenMs: number;
}

/** A way to the hub. */
export interface Network {
  readonly url: string;
  readonly natsUrl: string;
}

export type ClientTarget =
  | { readonly kind: "site" | "org" | "der"; readonly id: string }
  | { readonly kind: "sites"; readonly ids: readonly string[] };

/** der_id → timestamps of what was stored, in that order. */
export type Stored = ReadonlyMap<string, readonly number[]>;

export interface ClientParts {
  readonly token: () => Promise<string>;
  /** `lost` and `connected`, and the code of the reason. */
  readonly onEvent: (kind: "connected" | "lost", code: string) => void;
}

/** A program that uses the client as its README says, and keeps all that it gets. */
export class TroubledClient {
  readonly #plan: ClientPlan;
  readonly #stream: ReadingStream;
  readonly #conditions = createConditions();
  readonly #heard = new Map<string, number[]>();
  readonly #faults: string[] = [];
  readonly #listening: Promise<void>;
  #count = 0;

  constructor(plan: ClientPlan, { token, onEvent }: ClientParts) {
    this.#plan = plan;
    const { network, since, options } = plan;
    const { url: baseUrl, natsUrl: servers } = network;
    const transport = plan.transport === "nats" ? natsTransport({ servers }) : plan.transport;
    // So that a day of many losses is not spent waiting for the next attempt.
    const timing = { backoffMs: 100, backoffMostMs: 2_000 };
    const nova = new Novacore({ baseUrl, transport, token, timing });
    this.#stream = readingsOf(nova, plan.target, { ...options, since });
    this.#stream.onEvent((event) => {
      if (event.kind === "reset") this.#faults.push(`reset: ${event.reason}`);
      if (event.kind === "connected") onEvent(event.kind, "");
      if (event.kind === "lost") onEvent(event.kind, event.error.code);
    });
    this.#listening = this.#listen();
  }

  get count(): number {
    return this.#count;
  }

  /** What is wrong once all that was stored should have come: nothing missing, nothing twice. */
  async faults(stored: Stored): Promise<readonly string[]> {
    const expected = this.#plan.ders.map((derId) => [derId, stored.get(derId) ?? []] as const);
    const count = expected.reduce((sum, [, stamps]) => sum + stamps.length, 0);
    await this.#conditions
      .until("everything has come", () => this.#count >= count)
      .catch((error: Error) => this.#faults.push(`${error.message}, it is ${this.#stream.state}`));
    for (const [derId, stamps] of expected) {
      const heard = this.#heard.get(derId) ?? [];
      const wrongAt = stamps.findIndex((stamp, index) => heard[index] !== stamp);
      if (wrongAt < 0 && heard.length === stamps.length) continue;
      const twice = heard.length - new Set(heard).size;
      const how = `${heard.length} of ${stamps.length}, ${twice} twice, the first wrong at ${wrongAt}`;
      this.#faults.push(`${derId}: ${how}`);
    }
    for (const derId of this.#heard.keys()) {
      if (!this.#plan.ders.includes(derId)) this.#faults.push(`${derId}: nobody asked for it`);
    }
    return this.#faults.map((fault) => `${this.#plan.name}: ${fault}`);
  }

  async close(): Promise<void> {
    this.#stream.close();
    await this.#listening;
  }

  async #listen(): Promise<void> {
    try {
      for await (const { der_id, timestamp } of this.#stream) {
        const stamps = this.#heard.get(der_id);
        if (stamps === undefined) this.#heard.set(der_id, [timestamp]);
        else stamps.push(timestamp);
        this.#count++;
        this.#conditions.changed();
        if (this.#plan.isSlow) await new Promise((resolve) => setImmediate(resolve));
      }
    } catch (error) {
      this.#faults.push(`it ended: ${error}`);
      this.#conditions.fail(new Error(`it ended: ${error}`));
    }
  }
}

function readingsOf(nova: Novacore, target: ClientTarget, options: ReadingsOptions): ReadingStream {
  switch (target.kind) {
    case "site":
      return nova.site(target.id).readings(options);
    case "sites":
      return nova.sites(target.ids).readings(options);
    case "org":
      return nova.org(target.id).readings(options);
    case "der":
      return nova.der(target.id).readings(options);
  }
}
