import type { GatewayReading } from "@novacore/client/gateway";
import type { Reading } from "@novacore/protocol";
import { readingTypes } from "./reading-types.ts";

/** What the command line says of readings that do not say it themselves. */
export interface Defaults {
  readonly hardwareId: string | undefined;
  readonly der: string | undefined;
  /** Epoch ms; undefined: readings have to say it. */
  readonly timestamp: number | undefined;
}

/** Why a line is no reading: a code of docs/errors.md, and a sentence. */
export class LineRefusal {
  readonly code: string;
  readonly message: string;

  constructor(code: string, message: string) {
    this.code = code;
    this.message = message;
  }
}

/** A reading in its canonical form, as uploads have it: its members beside `hardware_id` and `der`. */
export function readLine(text: string, defaults: Defaults): GatewayReading | LineRefusal {
  const value = parse(text);
  if (value === undefined) return new LineRefusal("reading_malformed", "It is no JSON object.");
  const { hardware_id, der, ...members } = { ...ofDefaults(defaults), ...value };
  if (typeof hardware_id !== "string" || hardware_id === "") {
    return new LineRefusal("device_unknown", "It has no hardware_id; give it, or --hardware-id.");
  }
  if (typeof der !== "string" || der === "") {
    return new LineRefusal("der_unknown", "It has no der; give it, or --der.");
  }
  if (typeof members.timestamp !== "number") {
    return new LineRefusal(
      "timestamp_missing",
      "It has no timestamp in epoch milliseconds; give it, or --stamp.",
    );
  }
  if (!isReading(members)) {
    const message = `Its type is ${JSON.stringify(members.type)}; give one of ${readingTypes.join(", ")}.`;
    return new LineRefusal("type_unknown", message);
  }
  return { hardwareId: hardware_id, der, reading: members };
}

type Members = Readonly<Record<string, unknown>>;

function ofDefaults({ hardwareId, der, timestamp }: Defaults): Members {
  return { hardware_id: hardwareId, der, ...(timestamp !== undefined && { timestamp }) };
}

/** The hub judges the other members, and says which is at fault. */
function isReading(members: Members): members is Reading {
  return readingTypes.some((type) => type === members.type);
}

function parse(text: string): Members | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined; // said as what it is not
  }
}

function isObject(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
