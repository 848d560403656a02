import { type Static, type TProperties, Type } from "typebox";
import { EnrichedReading } from "./readings.ts";
import { Id, selectionMembers } from "./selection.ts";
import { wireLimits } from "./wire-limits.ts";

/**
 * The WebSocket protocol `novacore.v1`: one JSON object a text frame, `op` first. `docs/protocol.md`
 * tells how they follow one another; the AsyncAPI document is made from these schemas.
 */
export const webSocketProtocol = "novacore.v1";

function frame<const Op extends string, P extends TProperties>(
  op: Op,
  members: P,
  description: string,
) {
  return Type.Object(
    { op: Type.Literal(op), ...members },
    { title: op, description, additionalProperties: false },
  );
}

const SubscriptionId = Type.String({
  pattern: "^[A-Za-z0-9_.:-]{1,64}$",
  description: "Chosen by the client; names the subscription on this socket",
});
const RequestId = Type.String({
  pattern: "^[A-Za-z0-9_.:-]{1,64}$",
  description: "Chosen by the client; comes back in the answer",
});
const Cursor = Type.String({
  pattern: "^[A-Za-z0-9_-]{19}$",
  description: "An opaque position; resumes any transport right after it",
});
const Time = Type.String({ format: "date-time", description: "ISO-8601, UTC" });
const Credential = Type.String({ minLength: 1, maxLength: 8_192 });
const Milliseconds = (description: string) =>
  Type.Integer({ minimum: 0, description, "x-unit": "ms" });

/** How a DER does: over WebSocket, SSE and REST. */
const livenessMembers = {
  state: Type.Enum(["online", "stale", "offline"]),
  since: Type.Optional(
    Type.Integer({
      description:
        "When it came back online, or when its last reading reached the hub; epoch ms. " +
        "Absent: online for longer than the hub has looked",
      "x-unit": "ms",
    }),
  ),
  why: Type.Optional(
    Type.Enum(["device_silent", "gateway_disconnected", "rejected", "never_reported"], {
      description: "Why it is not online, as far as the hub knows",
    }),
  ),
  age_ms: Milliseconds("Since the last reading reached the hub"),
};

const credentials = {
  token: Type.Optional(Credential),
  ticket: Type.Optional(Credential),
};

/** What a client may send, by `op`. */
export const clientFrames = {
  auth: frame(
    "auth",
    credentials,
    "Says who is there, where the handshake did not: a token, or a ticket of POST /stream/tickets.",
  ),
  subscribe: frame(
    "subscribe",
    {
      id: SubscriptionId,
      sites: Type.Optional(
        Type.Array(Id, {
          minItems: 1,
          maxItems: wireLimits.streamSitesMax,
          description: "These sites; without sites and org, the sites of `devices` or `ders`",
        }),
      ),
      org: Type.Optional(
        Type.String({
          pattern: "^[A-Za-z0-9_-]{1,64}$",
          description: "All sites of the organization that you may see, also later ones",
        }),
      ),
      ...selectionMembers,
      batch_ms: Type.Optional(
        Type.Integer({
          minimum: 0,
          maximum: wireLimits.batchMsMax,
          description: "Several readings a frame (`readings`), gathered for this long",
          "x-unit": "ms",
        }),
      ),
    },
    "Starts a subscription.",
  ),
  unsubscribe: frame("unsubscribe", { id: SubscriptionId }, "Ends a subscription."),
  refresh: frame(
    "refresh",
    credentials,
    "Goes on with a newer token or ticket of the same identity.",
  ),
  credit: frame(
    "credit",
    {
      n: Type.Integer({
        minimum: 1,
        maximum: wireLimits.creditMax,
        description: "So many readings more may be sent on this socket",
      }),
    },
    "Flow control. From the first one on the hub sends no reading that no credit allows; what is " +
      "stored meanwhile comes later, from the stream.",
  ),
  publish: frame(
    "publish",
    {
      id: Type.Optional(RequestId),
      readings: Type.Array(Type.Unknown(), {
        minItems: 1,
        maxItems: wireLimits.publishReadingsMax,
        description: "Each with hardware_id and der beside its own members, as in an HTTP upload",
      }),
    },
    "Stores readings of the gateway that is logged in; answered by `ack` once they are stored.",
  ),
  ping: frame("ping", { t: Type.Optional(Type.Number()) }, "Asks for a `pong`."),
} as const;

const Results = Type.Array(
  Type.Object({
    index: Type.Integer({ description: "Place among the readings sent, from 0" }),
    status: Type.Enum(["stored", "duplicate", "rejected"]),
    cursor: Type.Optional(Cursor),
    archived: Type.Optional(
      Type.Boolean({ description: "true: too old for streams, and so without a cursor" }),
    ),
    error: Type.Optional(Type.String({ description: "A code of docs/errors.md" })),
    message: Type.Optional(Type.String()),
    path: Type.Optional(Type.String({ description: "JSON pointer of the member at fault" })),
  }),
);

/** What the hub may send, by `op`. */
export const serverFrames = {
  hello: frame(
    "hello",
    {
      protocol: Type.Literal(webSocketProtocol),
      server_time: Time,
      heartbeat_ms: Milliseconds(
        "How often the hub sends `heartbeat`; silence for three is a loss",
      ),
      limits: Type.Object({
        frame_bytes: Type.Integer(),
        subscriptions: Type.Integer(),
        sites_per_subscription: Type.Integer(),
        ids_per_filter: Type.Integer(),
        readings_per_publish: Type.Integer(),
        credit: Type.Integer(),
        auth_ms: Milliseconds("How long the client may take to authenticate"),
      }),
    },
    "The first frame of every connection.",
  ),
  authenticated: frame(
    "authenticated",
    { identity_id: Type.String(), expires_at: Type.Optional(Time) },
    "Who the hub takes the client for, and until when; a gateway that signs in by itself has no end.",
  ),
  subscribed: frame(
    "subscribed",
    { id: SubscriptionId, cursor: Cursor },
    "The subscription has begun after this position.",
  ),
  unsubscribed: frame(
    "unsubscribed",
    { id: SubscriptionId, cursor: Cursor },
    "The subscription has ended; its cursor resumes it.",
  ),
  reading: frame(
    "reading",
    { id: SubscriptionId, cursor: Cursor, reading: EnrichedReading },
    "One stored reading.",
  ),
  readings: frame(
    "readings",
    {
      id: SubscriptionId,
      cursor: Cursor,
      readings: Type.Array(EnrichedReading, { minItems: 1 }),
    },
    "Stored readings in stream order, for subscriptions with `batch_ms`; `cursor` is the last one's.",
  ),
  caught_up: frame(
    "caught_up",
    { id: SubscriptionId, cursor: Cursor },
    "What was asked of the past has been sent; live from here.",
  ),
  reset: frame(
    "reset",
    {
      id: SubscriptionId,
      reason: Type.Enum([
        "cursor_invalid",
        "cursor_epoch_changed",
        "cursor_in_future",
        "cursor_expired",
      ]),
      oldest: Cursor,
      newest: Cursor,
    },
    "Readings may be missing before this frame: the position asked for is not in the stream.",
  ),
  liveness: frame(
    "liveness",
    {
      id: SubscriptionId,
      site_id: Type.String(),
      device_id: Type.String(),
      der_id: Type.String(),
      ...livenessMembers,
    },
    "How a DER does, at the start of a subscription with `liveness` and whenever it changes.",
  ),
  token_expiring: frame(
    "token_expiring",
    { expires_at: Time },
    "Send `refresh` before then, or the connection is closed.",
  ),
  ack: frame(
    "ack",
    {
      id: Type.Optional(RequestId),
      accepted: Type.Integer({ description: "Readings stored by this frame" }),
      duplicates: Type.Integer({ description: "Readings that were stored before" }),
      rejected: Type.Integer(),
      durability: Type.String({ description: "fsync, replicated or page-cache" }),
      results: Results,
    },
    "What became of each reading of a `publish`.",
  ),
  error: frame(
    "error",
    {
      id: Type.Optional(Type.String({ description: "The subscription or request it is about" })),
      code: Type.String({ description: "A code of docs/errors.md" }),
      message: Type.String(),
      details: Type.Optional(
        Type.Array(Type.Object({ path: Type.String(), message: Type.String() })),
      ),
      cursor: Type.Optional(Cursor),
      cursors: Type.Optional(
        Type.Record(Type.String(), Cursor, {
          description: "Before a close: where each subscription resumes",
        }),
      ),
      retry_ms: Type.Optional(Milliseconds("When to come back")),
    },
    "Something was refused. The connection goes on unless a close follows.",
  ),
  heartbeat: frame(
    "heartbeat",
    { server_time: Time, cursor: Cursor },
    "The connection lives; `cursor` is the newest position that the hub has delivered.",
  ),
  pong: frame(
    "pong",
    { t: Type.Optional(Type.Number()), server_time: Time },
    "Answers `ping`; `t` comes back.",
  ),
} as const;

/** What a client can ask for. */
export type ClientOp = keyof typeof clientFrames;
/** What the hub can say. */
export type ServerOp = keyof typeof serverFrames;
/** A frame that a client sends, by its `op`. */
export type ClientFrame<Op extends ClientOp = ClientOp> = {
  [O in Op]: Static<(typeof clientFrames)[O]>;
}[Op];
/** A frame that the hub sends, by its `op`. */
export type ServerFrame<Op extends ServerOp = ServerOp> = {
  [O in Op]: Static<(typeof serverFrames)[O]>;
}[Op];
