import type { Timing } from "../connection-state.ts";
import { NovacoreError } from "../errors.ts";
import { GatewayKey } from "./key.ts";

interface AnyWay {
  /** Address of the hub, as `https://hub.example`; it may have a path. */
  readonly baseUrl: string;
  /** 1 to 64 of A-Z a-z 0-9 _ -. */
  readonly serial: string;
  readonly key: GatewayKey;
  /** A folder of its own, for readings that the hub has not acknowledged; made where it is missing. */
  readonly spoolPath: string;
  /** The most that the spool takes on the disk: 1 MiB at least, by default 256 MiB. */
  readonly spoolBytesMax?: number | undefined;
  /** How long a reading is kept for a hub that is away: by default 30 days. */
  readonly spoolAgeMaxMs?: number | undefined;
  /** What the gateway says about itself every 15 s while it is connected over MQTT or NATS. */
  readonly state?: (() => GatewayState) | undefined;
  /** Time-outs and back-off; whatever is left out has its default. */
  readonly timing?: Partial<Timing> | undefined;
  /** Closes the gateway. */
  readonly signal?: AbortSignal | undefined;
}

/** What carries readings. What is too old for MQTT is uploaded over HTTP. */
export type GatewayOptions = AnyWay &
  (
    | { readonly via: "http" }
    | {
        readonly via: "mqtt";
        /** As `mqtts://hub.example:8883`, `mqtt://…`, `wss://…/mqtt`. */
        readonly mqttUrl: string;
        /** How soon after readings it is looked whether some were rejected: by default 60 s. */
        readonly rejectionsEveryMs?: number | undefined;
      }
    | {
        readonly via: "nats";
        /** As `nats://hub.example:4222`, `tls://…`. */
        readonly natsUrl: string;
      }
  );

/** Shown by `GET /gateways/{serial}/state` with the serial and the time. */
export interface GatewayState {
  readonly version: string;
  readonly platform: string;
  readonly devices:
    | readonly {
        /** Its hardware_id. */
        readonly sn: string;
        readonly connected: boolean;
        /** Types of its DERs. */
        readonly ders: readonly string[];
        readonly error?: string;
      }[]
    | null;
}

export const defaultSpoolBytesMax = 256 * 1_024 * 1_024;
export const defaultSpoolAgeMaxMs = 30 * 86_400_000;
/** A look costs the hub some ten milliseconds. */
export const defaultRejectionsEveryMs = 60_000;
const spoolBytesLeast = 1_024 * 1_024;

/** Throws NovacoreError `options_invalid`. */
export function checkOptions(options: GatewayOptions): void {
  const { baseUrl, key, via, spoolBytesMax, spoolAgeMaxMs } = options;
  if (!/^https?:\/\/[^/]/.test(baseUrl)) {
    throw invalid(`baseUrl is an address as https://hub.example, not ${baseUrl}.`);
  }
  // Programs without types may give anything.
  if (!(key instanceof GatewayKey)) {
    throw invalid("key is no GatewayKey; open a file by: await GatewayKey.open(path).");
  }
  if (!["http", "mqtt", "nats"].includes(via)) {
    throw invalid(`via is ${JSON.stringify(via)}; give "http", "mqtt" or "nats".`);
  }
  if (spoolBytesMax !== undefined && !(spoolBytesMax >= spoolBytesLeast)) {
    throw invalid(`spoolBytesMax is ${spoolBytesMax}; it is ${spoolBytesLeast} at least.`);
  }
  if (spoolAgeMaxMs !== undefined && !(spoolAgeMaxMs > 0)) {
    throw invalid(`spoolAgeMaxMs is ${spoolAgeMaxMs}; it is more than 0.`);
  }
  if (options.via === "mqtt") checkUrl("mqttUrl", options.mqttUrl, /^(mqtts?|wss?):\/\/[^/]/);
  else if (options.via === "nats") checkUrl("natsUrl", options.natsUrl, /^(nats|tls):\/\/[^/]/);
}

function checkUrl(name: string, url: string, form: RegExp): void {
  if (!form.test(url)) throw invalid(`${name} is ${url}; it has to match ${form.source}.`);
}

function invalid(message: string): NovacoreError {
  return new NovacoreError("options_invalid", message);
}
