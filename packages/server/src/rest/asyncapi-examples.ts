import type {
  ClientFrame,
  ClientOp,
  EnrichedReading,
  Reading,
  ServerFrame,
  ServerOp,
} from "@novacore/protocol";
import { helloFrame } from "../deliver/ws-hello.ts";
import { limits } from "../limits.ts";

/** One example of every message, in the document and of the type that its schema has. */
const cursor = "AQGiCqVnFwAAAAdbzRU";
const serverTime = "2026-01-01T00:00:00.200Z";

export const readingExample: Extract<Reading, { type: "pv" }> = {
  type: "pv",
  timestamp: 1_767_225_600_123,
  read_time_ms: 12,
  W: -713.2,
  V: 231.4,
};

export const enrichedExample: EnrichedReading = {
  ...readingExample,
  org_id: "org-0m4q1s",
  site_id: "sit-0m4q1t",
  device_id: "dev-0m4q1v",
  der_id: "der-0m4q1w",
  der_name: "roof",
  received_at: 1_767_225_600_180,
};

/** It came an hour after it was taken. */
const backfilledExample: EnrichedReading = {
  ...enrichedExample,
  timestamp: enrichedExample.timestamp - 3_600_000,
  backfilled: true,
};

export const clientExamples: { readonly [Op in ClientOp]: ClientFrame<Op> } = {
  auth: { op: "auth", token: "eyJhbGciOiJFUzI1NiJ9.e30.c2ln" },
  subscribe: {
    op: "subscribe",
    id: "home",
    sites: [enrichedExample.site_id],
    types: ["pv", "battery"],
    snapshot: true,
    liveness: true,
  },
  unsubscribe: { op: "unsubscribe", id: "home" },
  refresh: { op: "refresh", token: "eyJhbGciOiJFUzI1NiJ9.e30.bmV3" },
  credit: { op: "credit", n: 100 },
  publish: {
    op: "publish",
    id: "upload-1",
    readings: [{ ...readingExample, hardware_id: "sungrow:A1", der: "roof" }],
  },
  ping: { op: "ping", t: 1 },
};

export const serverExamples: { readonly [Op in ServerOp]: ServerFrame<Op> } = {
  hello: helloFrame(limits.heartbeatMs, Date.parse(serverTime)),
  authenticated: {
    op: "authenticated",
    identity_id: "idt-0c8b7e6a",
    expires_at: "2026-01-02T00:00:00.000Z",
  },
  subscribed: { op: "subscribed", id: "home", cursor },
  unsubscribed: { op: "unsubscribed", id: "home", cursor },
  reading: { op: "reading", id: "home", cursor, reading: enrichedExample },
  readings: {
    op: "readings",
    id: "home",
    cursor,
    readings: [enrichedExample, backfilledExample],
  },
  caught_up: { op: "caught_up", id: "home", cursor },
  reset: { op: "reset", id: "home", reason: "cursor_expired", oldest: cursor, newest: cursor },
  liveness: {
    op: "liveness",
    id: "home",
    site_id: enrichedExample.site_id,
    device_id: enrichedExample.device_id,
    der_id: enrichedExample.der_id,
    state: "stale",
    since: enrichedExample.received_at,
    why: "gateway_disconnected",
    age_ms: 31_400,
  },
  token_expiring: { op: "token_expiring", expires_at: "2026-01-02T00:00:00.000Z" },
  ack: {
    op: "ack",
    id: "upload-1",
    accepted: 1,
    duplicates: 0,
    rejected: 0,
    durability: "fsync",
    results: [{ index: 0, status: "stored", cursor }],
  },
  error: {
    op: "error",
    id: "home",
    code: "not_found",
    message: "There is no such thing, or you may not see it.",
  },
  heartbeat: { op: "heartbeat", server_time: serverTime, cursor },
  pong: { op: "pong", t: 1, server_time: serverTime },
};
