import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import type { FastifyInstance } from "fastify";
import { type ApiDocument, documentAnswers, sendDocument, toDocument } from "./api-document.ts";
import { describeRoute, finishDocument, tags } from "./openapi-document.ts";
import { sessionCookieName } from "./session-cookie.ts";

/**
 * `GET /openapi.json`, every route described from the schemas that check it, and `GET /docs`, a page to
 * browse it and try requests. Call it before the routes are added: it hears of each as it comes.
 */
export async function registerOpenApi(
  app: FastifyInstance,
  { version }: { readonly version: string },
): Promise<void> {
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
      tags: [...tags],
      components: { securitySchemes },
      security: [{ bearer: [] }],
    },
    transform: describeRoute,
    transformObject: finishDocument,
  });
  let built: ApiDocument | undefined;
  app.get(
    "/openapi.json",
    {
      schema: {
        operationId: "describeApi",
        summary: "Describe this API (OpenAPI 3.1)",
        security: [],
        response: documentAnswers,
      },
    },
    (request, reply) => {
      built ??= toDocument(app.swagger());
      return sendDocument(request, reply, built);
    },
  );
  await app.register(swaggerUi, {
    routePrefix: "/docs",
    staticCSP: contentSecurityPolicy,
    uiConfig: { docExpansion: "list", deepLinking: true, validatorUrl: null },
    theme: { title: "Novacore API" },
  });
}

const securitySchemes = {
  bearer: {
    type: "http",
    scheme: "bearer",
    description: "The token of POST /auth/verify; gateways may send a JWT of their own",
  },
  ticket: {
    type: "apiKey",
    in: "query",
    name: "ticket",
    description: "From POST /stream/tickets, for clients that cannot send Authorization",
  },
  session: {
    type: "apiKey",
    in: "cookie",
    name: sessionCookieName,
    description: "From POST /auth/session, for pages",
  },
} as const;

/** The page asks the hub alone, and loads nothing from elsewhere. */
const contentSecurityPolicy = {
  "default-src": "'self'",
  "img-src": ["'self'", "data:"],
  "style-src": ["'self'", "'unsafe-inline'"],
  "object-src": "'none'",
  "frame-ancestors": "'self'",
};
