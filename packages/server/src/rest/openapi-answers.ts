import { Type } from "typebox";
import { reference } from "./asyncapi-messages.ts";

/** Answers that many routes share, and headers that tell more than the body. */

export const ErrorAnswer = Type.Object(
  {
    error: Type.String({ description: "A code of docs/errors.md" }),
    message: Type.String({ description: "What happened, and what to do" }),
    details: Type.Optional(
      Type.Array(
        Type.Object({
          path: Type.String({ description: "JSON pointer of the value at fault" }),
          message: Type.String(),
        }),
      ),
    ),
    request_id: Type.String({ description: "Finds the request in the hub's log" }),
  },
  { title: "Error" },
);

const seconds = (description: string) => ({
  description,
  schema: { type: "integer", minimum: 0, "x-unit": "s" },
});

export const headers = {
  "RateLimit-Limit": {
    description: "Requests a minute that the caller may send",
    schema: { type: "integer" },
  },
  "RateLimit-Remaining": {
    description: "How many of them are left",
    schema: { type: "integer", minimum: 0 },
  },
  "RateLimit-Reset": seconds("Until there are as many again"),
  "Retry-After": seconds("How long to wait before the next try"),
  "WWW-Authenticate": { description: "Bearer", schema: { type: "string" } },
} as const;

const references = (...names: readonly (keyof typeof headers)[]) =>
  Object.fromEntries(names.map((name) => [name, reference("components", "headers", name)]));

export const rateLimitHeaders = references(
  "RateLimit-Limit",
  "RateLimit-Remaining",
  "RateLimit-Reset",
);

const content = { "application/json": { schema: ErrorAnswer } };

/** By the names that they have in the document. */
export const refusals = {
  Unauthenticated: {
    description: "Who calls is not known: a token is missing, has expired or was revoked",
    headers: references("WWW-Authenticate"),
    content,
  },
  RateLimited: {
    description: "Too much at once: come back after Retry-After",
    headers: { ...references("Retry-After"), ...rateLimitHeaders },
    content,
  },
  Refused: { description: "Refused: the error says why, and what to change", content },
  Unavailable: {
    description: "Not now: come back after Retry-After",
    headers: references("Retry-After"),
    content,
  },
};

/** The refusals that a route can give, by status. */
export function failuresOf({
  isPublic,
  isRateLimited,
}: {
  readonly isPublic: boolean;
  readonly isRateLimited: boolean;
}) {
  const to = (name: keyof typeof refusals) => reference("components", "responses", name);
  return {
    ...(!isPublic && { 401: to("Unauthenticated") }),
    ...(isRateLimited && { 429: to("RateLimited") }),
    "4XX": to("Refused"),
    503: to("Unavailable"),
  };
}
