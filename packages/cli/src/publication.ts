import type { Delivery, GatewayReading, Rejection } from "@novacore/client/gateway";
import type { LineRefusal } from "./published-line.ts";

/** What became of a reading, as it is told: a line of JSON, or of text. */
export interface Publication {
  /** Place in what was given, from 0; absent where MQTT tells of it later. */
  readonly index?: number;
  /** `unsent`: the hub was away, and nobody keeps it. */
  readonly status: Delivery["status"] | "unsent";
  readonly hardware_id?: string;
  readonly der?: string;
  readonly timestamp?: number;
  readonly durability?: string;
  readonly cursor?: string;
  readonly archived?: boolean;
  /** A code of docs/errors.md. */
  readonly error?: string;
  readonly message?: string;
  readonly path?: string;
}

export function refused(index: number, { code, message }: LineRefusal): Publication {
  return { index, status: "rejected", error: code, message };
}

export function delivered(
  index: number,
  { hardwareId, der, reading }: GatewayReading,
  delivery: Delivery,
): Publication {
  const { timestamp } = reading;
  const { status } = delivery;
  return { index, status, hardware_id: hardwareId, der, timestamp, ...detailsOf(delivery) };
}

export function rejectedLater({ reading, ...rejection }: Rejection): Publication {
  const { hardware_id, der, timestamp } = reading;
  return { status: "rejected", hardware_id, der, timestamp, ...reasonOf(rejection) };
}

export function publicationText(publication: Publication): string {
  const { index, status, hardware_id, der, timestamp } = publication;
  const { durability, archived, error, message, path } = publication;
  return [
    ...(index === undefined ? [] : [`${index + 1}`]),
    status,
    ...(hardware_id === undefined ? [] : [`${hardware_id}/${der}`]),
    ...(timestamp === undefined ? [] : [timeText(timestamp)]),
    ...(durability === undefined ? [] : [durability]),
    ...(archived === true ? ["archived"] : []),
    ...(error === undefined ? [] : [error]),
    ...(path === undefined ? [] : [path]),
    ...(message === undefined ? [] : [message]),
  ].join("  ");
}

function detailsOf(delivery: Delivery): Partial<Publication> {
  switch (delivery.status) {
    case "stored":
    case "duplicate": {
      const { status: _, ...details } = delivery;
      return details;
    }
    case "rejected":
      return reasonOf(delivery.rejection);
    case "failed":
      return reasonOf(delivery.error);
    case "dropped":
      return { error: delivery.reason };
    case "acknowledged":
    case "spooled":
      return {};
  }
}

interface Reason {
  readonly code: string;
  readonly message: string;
  readonly path?: string;
}

function reasonOf({ code, message, path }: Reason): Partial<Publication> {
  return { error: code, message, ...(path !== undefined && { path }) };
}

/** What is no time is shown as it is. */
function timeText(timestamp: number): string {
  const time = new Date(timestamp);
  return Number.isNaN(time.getTime()) ? `${timestamp}` : time.toISOString();
}
