import type { IncomingMessage, RequestListener } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import cors from "@fastify/cors";
import { NovacoreError } from "@novacore/protocol";
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from "fastify";
import type { Logger } from "pino";
import type { Config } from "./config.ts";
import { limits } from "./limits.ts";
import { answerFrameworkError, answerUnreadable, registerErrorHandler } from "./rest/errors.ts";
import type { Tls } from "./tls.ts";

/** How long a client may take to send the head of a request, and an upload as a whole. */
const headersMs = 10_000;
const requestMs = 60_000;
const keepAliveMs = 72_000;

/**
 * The HTTP server without its routes: errors in their one shape, the origins that browsers may come
 * from, nothing logged that a client sent as a secret.
 */
export async function createHttpApp(
  config: Config,
  log: Logger,
  tls?: Tls,
): Promise<FastifyInstance> {
  const loggerInstance: FastifyBaseLogger = log;
  const app = Fastify({
    loggerInstance,
    frameworkErrors: answerFrameworkError,
    clientErrorHandler: answerUnreadable,
    routerOptions: { maxParamLength: limits.pathPartCharactersMax },
    // One line a request would drown the log of a hub that takes uploads; failures are logged.
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: config.trustProxy.length > 0 ? [...config.trustProxy] : false,
    requestTimeout: requestMs,
    // A listener's socket lives for days; it is ended by the stream, never by a timer of HTTP.
    connectionTimeout: 0,
    keepAliveTimeout: keepAliveMs,
    // Stopping closes what is idle; streams were drained before.
    forceCloseConnections: true,
    return503OnClosing: false, // refuseWhileClosing does, in the shape of our errors
    http: { headersTimeout: headersMs, shouldUpgradeCallback: isWebSocket },
    // Fastify's own `https` hands out a server of another type, for which no plugin here is written.
    ...(tls !== undefined && {
      serverFactory: (handler: RequestListener) => createTls(tls, handler),
    }),
  });

  registerErrorHandler(app);
  refuseWhileClosing(app);
  await app.register(cors, {
    origin: [...config.corsOrigins],
    // For the session cookie, which opens streams alone.
    credentials: true,
    methods: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
    allowedHeaders: [
      ...["authorization", "content-type", "last-event-id", "cache-control", "if-none-match"],
    ],
    exposedHeaders: [
      ...["link", "retry-after", "x-request-id", "etag", "novacore-cursor"],
      ...["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"],
    ],
    maxAge: 600,
  });
  app.addHook("onSend", async (request, reply) => {
    reply.header("x-request-id", request.id);
    reply.header("x-content-type-options", "nosniff");
  });
  return app;
}

/** A connection that is kept alive may still bring requests while the hub stops. */
function refuseWhileClosing(app: FastifyInstance): void {
  let isClosing = false;
  app.addHook("preClose", async () => {
    isClosing = true;
  });
  app.addHook("onRequest", async (_request, reply) => {
    if (!isClosing) return;
    reply.header("connection", "close");
    throw new NovacoreError("going_away");
  });
}

/** Starts listening; a taken port is one clear sentence with the way out. */
export async function listenHttp(app: FastifyInstance, config: Config): Promise<number> {
  try {
    await app.listen({
      ...{ host: config.host, port: config.httpPort },
      listenTextResolver: (address) =>
        `Server listening at ${config.tls ? address.replace("http:", "https:") : address}`,
    });
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (code !== "EADDRINUSE" && code !== "EACCES") throw cause;
    const why =
      code === "EACCES" ? "may not be opened by this user" : "is taken by another program";
    throw new Error(
      `Port ${config.httpPort} (REST and SSE) ${why}; ` +
        "free it, or choose another with NOVACORE_HTTP_PORT (0 takes any free one).",
      { cause },
    );
  }
  const address = app.server.address();
  if (address === null || typeof address === "string") throw new Error("HTTP listens on no port");
  return address.port;
}

/** An upgrade to anything else (Java's HTTP client offers h2c) is a request like any other. */
function isWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === "websocket";
}

/** What Fastify does for its own servers, the certificate's renewal besides. */
function createTls(tls: Tls, handler: RequestListener): TlsServer {
  const options = {
    headersTimeout: headersMs,
    requestTimeout: requestMs,
    shouldUpgradeCallback: isWebSocket,
  };
  const server = createTlsServer(
    {
      ...options,
      ...tls.context(),
      handshakeTimeout: headersMs,
      keepAliveTimeout: keepAliveMs,
    },
    handler,
  );
  server.setTimeout(0);
  tls.attach(server);
  return server;
}
