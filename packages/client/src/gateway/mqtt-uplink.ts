import { gatewayTelemetrySubject, sanitiseHardwareId } from "@novacore/protocol";
import type { MqttClient } from "mqtt";
import { NovacoreError, toNovacoreError } from "../errors.ts";
import { withoutSecret } from "../without-secret.ts";
import type { AddressedReading, Verdict } from "./delivery.ts";
import { credentialRefused, importOptional } from "./optional-package.ts";
import type { RejectionWatch } from "./rejection-watch.ts";
import type { ConnectOptions, Sent, Uplink, UplinkConnection } from "./uplink.ts";

export interface MqttUplinkOptions {
  /** As `mqtts://hub.example:8883`, `mqtt://…`, `wss://…/mqtt`. */
  readonly url: string;
  readonly serial: string;
  readonly password: () => string;
  readonly connectMs: number;
  /** The hub's time, epoch ms. */
  readonly now: () => number;
  readonly rejections: Pick<RejectionWatch, "begin" | "note">;
}

/** Each reading is published with QoS 1: its PUBACK comes once the hub's broker has stored it. */
export function createMqttUplink(options: MqttUplinkOptions): Uplink {
  return {
    async connect(connecting) {
      const mqtt = await importOptional("mqtt", () => import("mqtt"));
      // Readings flow all the same where that cannot be read now.
      await options.rejections.begin().catch(() => undefined);
      connecting.signal.throwIfAborted();
      const { url, serial, password, connectMs } = options;
      const client = mqtt.connect(url, {
        ...{ protocolVersion: 4, clientId: serial, username: serial, password: password() },
        ...{ keepalive: keepAliveSeconds, connectTimeout: connectMs },
        // Coming back is the sender's business, with a fresh password and from the spool.
        ...{ reconnectPeriod: 0, queueQoSZero: false },
      });
      await opened(client, options, connecting.signal);
      return new MqttConnection(client, options, connecting.onLost);
    },
  };
}

const keepAliveSeconds = 30;
/** Publishes that wait for their PUBACK: enough for a line of 100 ms, and soon sent again. */
const readingsMax = 128;
/** A broker whose disk is full gives none. */
const ackMs = 30_000;
/** Readings older than seven days are refused this way; those that are soon must not wait here. */
const ageMaxMs = 7 * 86_400_000 - 3_600_000;

async function opened(
  client: MqttClient,
  { url, serial }: MqttUplinkOptions,
  signal: AbortSignal,
): Promise<void> {
  let failure: unknown;
  const giveUp = () => client.end(true);
  signal.addEventListener("abort", giveUp);
  try {
    await new Promise<void>((resolve, reject) => {
      client.once("connect", () => resolve());
      // Also later: an error that nobody listens to would end the program.
      client.on("error", (error) => {
        failure = error;
      });
      client.once("close", () => reject(failure ?? new Error("the connection was closed")));
    });
  } catch (thrown) {
    client.end(true);
    signal.throwIfAborted();
    // MQTT 3.1.1, 3.2.2.3: bad user name or password, not authorized.
    const code: unknown = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
    if (code === 4 || code === 5) throw credentialRefused(serial, thrown);
    throw toNovacoreError(thrown, withoutSecret(url));
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}

class MqttConnection implements UplinkConnection {
  readonly readingsMax = readingsMax;
  readonly #client: MqttClient;
  readonly #options: MqttUplinkOptions;
  /** Publishes under way; called with why there will be no PUBACK. */
  readonly #waiting = new Set<(error: NovacoreError) => void>();
  #lost: NovacoreError | undefined;
  #isClosing = false;

  constructor(client: MqttClient, options: MqttUplinkOptions, onLost: ConnectOptions["onLost"]) {
    this.#client = client;
    this.#options = options;
    client.on("close", () => {
      const message = `The connection to ${withoutSecret(options.url)} ended.`;
      const error = new NovacoreError("connection_lost", message);
      this.#fail(error);
      if (!this.#isClosing) onLost(error);
    });
  }

  takes({ timestamp }: AddressedReading): boolean {
    return this.#options.now() - timestamp < ageMaxMs;
  }

  async send(readings: readonly AddressedReading[], signal: AbortSignal): Promise<Sent> {
    const giveUp = () => this.#client.end(true);
    const overdue = setTimeout(giveUp, ackMs);
    signal.addEventListener("abort", giveUp);
    try {
      const publishing = readings.map((reading) => this.#publish(reading));
      const verdicts: Verdict[] = [];
      for (const published of publishing) {
        const error = await published;
        if (error !== undefined) return { verdicts, error };
        verdicts.push({ status: "acknowledged" });
      }
      return { verdicts };
    } finally {
      this.#options.rejections.note();
      clearTimeout(overdue);
      signal.removeEventListener("abort", giveUp);
    }
  }

  tell(state: object): void {
    const topic = `gateways/${this.#options.serial}/state/json/v1`;
    if (this.#lost === undefined) this.#client.publish(topic, JSON.stringify(state), { qos: 0 });
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    // Unless forced, the client waits for PUBACKs, which a lost connection never brings. On a dead line
    // its farewell is never answered, and a second `end` would change nothing.
    const isIdle = this.#lost === undefined && this.#waiting.size === 0;
    const overdue = setTimeout(() => this.#client.stream.destroy(), closeMs);
    await this.#client.endAsync(!isIdle);
    clearTimeout(overdue);
  }

  /** Gives why there is no PUBACK. */
  #publish({ hardware_id, der, ...reading }: AddressedReading): Promise<NovacoreError | undefined> {
    if (this.#lost !== undefined) return Promise.resolve(this.#lost);
    const { serial } = this.#options;
    const hardwareId = sanitiseHardwareId(hardware_id);
    const topic = gatewayTelemetrySubject({ serial, hardwareId, der }).replaceAll(".", "/");
    return new Promise((resolve) => {
      this.#waiting.add(resolve);
      this.#client.publish(topic, JSON.stringify(reading), { qos: 1 }, (error) => {
        this.#waiting.delete(resolve);
        resolve(error ? toNovacoreError(error, "The broker did not acknowledge") : undefined);
      });
    });
  }

  #fail(error: NovacoreError): void {
    this.#lost = error;
    for (const resolve of this.#waiting) resolve(error);
    this.#waiting.clear();
  }
}

const closeMs = 2_000;
