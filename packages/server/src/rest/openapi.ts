import { createHash } from "node:crypto";
import swagger, { type SwaggerTransform } from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import type { FastifyInstance } from "fastify";
import { Type } from "typebox";

/**
 * `GET /openapi.json`, every route described from the schemas that check it, and `GET /docs`, a page to
 * browse it and try requests. Call it before the routes are added: it hears of each as it comes.
 */
export async function registerOpenApi(
  app: FastifyInstance,
  { version }: { readonly version: string },
): Promise<void> {
  app.addSchema(ErrorAnswer);
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Novacore",
        version,
        description:
          "Organizations, sites, gateways and devices, and what their DERs report. The streams (SSE, " +
          "WebSocket, MQTT, NATS) are described in /asyncapi.json.",
        license: { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0" },
      },
      // Whatever name a proxy gives the hub.
      servers: [{ url: "/" }],
      tags: [...new Set(Object.values(tagOfSegment))].map((name) => ({ name })),
      components: {
        securitySchemes: {
          bearer: {
            type: "http",
            scheme: "bearer",
            description: "The token of POST /auth/verify; gateways may send a JWT of their own",
          },
        },
      },
      security: [{ bearer: [] }],
    },
    transform: describeRoute,
    refResolver: {
      buildLocalReference: ({ $id }, _base, _fragment, i) => String($id ?? `def-${i}`),
    },
  });
  let built: { readonly text: string; readonly etag: string } | undefined;
  app.get(
    "/openapi.json",
    { schema: { summary: "Describe this API (OpenAPI 3.1)" } },
    async (request, reply) => {
      built ??= withEtag(JSON.stringify(app.swagger()));
      reply.header("cache-control", "public, max-age=300").header("etag", built.etag);
      if (request.headers["if-none-match"] === built.etag) return reply.code(304).send();
      return reply.type("application/json; charset=utf-8").send(built.text);
    },
  );
  await app.register(swaggerUi, {
    routePrefix: "/docs",
    staticCSP: contentSecurityPolicy,
    uiConfig: { docExpansion: "list", deepLinking: true, validatorUrl: null },
    theme: { title: "Novacore API" },
  });
}

/** The page asks the hub alone, and loads nothing from elsewhere. */
const contentSecurityPolicy = {
  "default-src": "'self'",
  "img-src": ["'self'", "data:"],
  "style-src": ["'self'", "'unsafe-inline'"],
  "object-src": "'none'",
  "frame-ancestors": "'self'",
};

const ErrorAnswer = Type.Object(
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
    request_id: Type.String(),
  },
  { $id: "Error", title: "Error" },
);

/** Answers that every route can give. */
const failures = {
  "4xx": { description: "Refused: the error says why", $ref: "Error#" },
  503: { description: "Not now: come back after Retry-After", $ref: "Error#" },
};

const tagOfSegment: Readonly<Record<string, string>> = {
  auth: "Authentication",
  ".well-known": "Authentication",
  identity: "Identities",
  identities: "Identities",
  organizations: "Organizations",
  sites: "Sites",
  gateways: "Gateways",
  devices: "Devices and DERs",
  ders: "Devices and DERs",
  telemetry: "Telemetry",
  stream: "Streams",
  nats: "NATS for back ends",
};
const otherTag = "The hub itself";

/** Needs no token. */
const publicPaths =
  /^\/(auth\/(challenge|verify)|\.well-known\/|healthz|readyz|metrics|[a-z]+api\.json)/;

const describeRoute: SwaggerTransform = ({ schema, url, route }) => {
  const method = String(route.method).toLowerCase();
  const segments = url.split("/").filter((segment) => segment !== "");
  const name = segments.map((segment) =>
    segment.startsWith(":") ? `By${capitalised(segment.slice(1))}` : capitalised(segment),
  );
  const { response } = { response: undefined, ...schema };
  return {
    url,
    schema: {
      operationId: `${method}${name.join("")}`,
      ...schema,
      tags: [tagOfSegment[segments[0] ?? ""] ?? otherTag],
      ...(publicPaths.test(url) && { security: [] }),
      response: { ...(response ?? { 200: { description: "Done", type: "string" } }), ...failures },
    },
  };
};

function capitalised(words: string): string {
  return words
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join("");
}

function withEtag(text: string) {
  return { text, etag: `"${createHash("sha256").update(text).digest("base64url")}"` };
}
