import { NovacoreError } from "@novacore/protocol";
import {
  createPipeline,
  type PipelineOptions,
  type RawReading,
  type RejectedReading,
} from "./pipeline.ts";

export const now = 1_700_000_000_000;

export interface Sent {
  readonly subject: string;
  readonly reading: Record<string, unknown>;
  readonly id: string;
  answer(result: { sequence: number; duplicate: boolean } | NovacoreError): void;
}

/** A pipeline whose store and rejections answer when the test says so. */
export function createBench(
  state: "pending" | "active" = "active",
  clocks: PipelineOptions["clocks"] = undefined,
) {
  const sent: Sent[] = [];
  const rejected: RejectedReading[] = [];
  const activated: string[] = [];
  const counts: string[] = [];
  let rejectionResult: { sequence: number; duplicate: boolean } | NovacoreError = {
    sequence: 1,
    duplicate: false,
  };
  const pipeline = createPipeline({
    resolve: async (serial) => ({
      serial,
      orgId: "org",
      batterySign: "canonical",
      devices: [
        {
          deviceId: "dev",
          hardwareId: "hw",
          siteId: "sit",
          state,
          ders: [{ derId: "der", name: "m", readingType: "meter" }],
        },
      ],
    }),
    changes: { subscribe: () => () => undefined },
    publisher: {
      send: (subject, payload, id, answer) => {
        sent.push({ subject, reading: JSON.parse(payload.toString()), id, answer });
      },
      room: () => undefined,
    },
    rejections: {
      record(rejection, done) {
        rejected.push(rejection);
        done(rejectionResult);
      },
    },
    activate: async (deviceId) => {
      activated.push(deviceId);
    },
    ...(clocks && { clocks }),
    log: { warn: () => undefined },
    metrics: {
      readingsReceived: { inc: ({ transport }) => counts.push(`received ${transport}`) },
      readingsStored: { inc: () => counts.push("stored") },
      readingsArchiveOnly: { inc: () => counts.push("archived") },
      readingsDuplicate: { inc: () => counts.push("duplicate") },
      readingsRejected: { inc: ({ code }) => counts.push(`rejected ${code}`) },
      rejectionsLost: { inc: () => counts.push("lost") },
    },
    now: () => now,
  });
  return {
    pipeline,
    sent,
    rejected,
    activated,
    counts,
    loseRejections() {
      rejectionResult = new NovacoreError("unavailable");
    },
  };
}

export const raw = (reading: object | string, der = "m"): RawReading => ({
  serial: "gw",
  hardwareId: "hw",
  der,
  receivedAtMs: now,
  transport: "nats",
  payload: new TextEncoder().encode(
    typeof reading === "string" ? reading : JSON.stringify(reading),
  ),
});

export const stored = { sequence: 7, duplicate: false };
export const turn = () => new Promise((resolve) => setImmediate(resolve));
