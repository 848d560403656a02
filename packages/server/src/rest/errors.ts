import { maxHeaderSize } from "node:http";
import type { Socket } from "node:net";
import { type ErrorCode, NovacoreError } from "@novacore/protocol";
import type {
  ConnectionError,
  FastifyError,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
} from "fastify";
import { refuseUpgrade } from "../refusal.ts";
import { describeFaults } from "./faults.ts";
import { createMethodTable } from "./methods.ts";

/**
 * Makes every error answer `{error, message, details?, request_id}` with the status of its code.
 * Register it before the routes, so that a known path with another method answers 405. What went
 * wrong inside is logged and never answered.
 */
export function registerErrorHandler(app: FastifyInstance): void {
  const methods = createMethodTable();
  app.addHook("onRoute", ({ method, url }) => methods.add(method, url));
  app.setErrorHandler<FastifyError | NovacoreError>((error, request, reply) => {
    // Fastify reads the body, and its type, before it looks whether any route takes the method.
    if (request.is404) return answerNotFound(request, reply);
    const told = translate(error, request);
    // Whoever has gone away is told nothing, and nothing went wrong in here.
    if (request.signal.aborted && error === request.signal.reason) return reply.code(499).send();
    // "Not now" is an answer that was meant, and a hub that is stopping gives it a thousand times.
    if (told.status >= 500 && told.status !== 503) {
      request.log.error({ err: error, code: told.code }, "request failed");
    }
    return answer(told, request, reply);
  });
  const answerNotFound = (request: FastifyRequest, reply: FastifyReply) => {
    const allowed = methods.of(request.url);
    if (allowed.length === 0) {
      const message = `There is nothing at ${request.method} ${pathOf(request.url)}.`;
      return answer(new NovacoreError("not_found", message), request, reply);
    }
    reply.header("allow", allowed.join(", "));
    const message = `This path takes ${allowed.join(", ")}, not ${request.method}.`;
    return answer(new NovacoreError("method_not_allowed", message), request, reply);
  };
  app.setNotFoundHandler(answerNotFound);
}

/** Answers what never came to a route, nor to the handler above: Fastify's `frameworkErrors`. */
export function answerFrameworkError(
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  // A part of the path is longer than the id of anything can be.
  const isTooLong = error.code === "FST_ERR_MAX_PARAM_LENGTH";
  void answer(
    isTooLong ? new NovacoreError("not_found") : translate(error, request),
    request,
    reply,
  );
}

/** Answers what Node cannot read as a request, before there is one: Fastify's `clientErrorHandler`. */
export function answerUnreadable(error: ConnectionError, socket: Socket): void {
  if (error.code === "ECONNRESET" || socket.destroyed) return;
  if (socket.writable) refuseUpgrade(socket, unreadable(error));
  else socket.destroy(error);
}

function unreadable({ code }: ConnectionError): NovacoreError {
  switch (code) {
    case "HPE_HEADER_OVERFLOW": {
      const message = `The head of the request, its URL included, is larger than ${maxHeaderSize} bytes.`;
      return new NovacoreError("malformed_request", message);
    }
    case "ERR_HTTP_REQUEST_TIMEOUT":
      // A network that stood still: the same request may come in time when it is sent again.
      return new NovacoreError("unavailable", "The request did not come in time.");
    default:
      return new NovacoreError("malformed_request", "This is no HTTP request that can be read.");
  }
}

/** A query may hold a stream ticket, so answers and logs get the path alone, and not all of it. */
const pathOf = (url: string) => url.split("?", 1)[0]?.slice(0, 200) ?? "";

function answer(error: NovacoreError, request: FastifyRequest, reply: FastifyReply) {
  if (error.status === 401) reply.header("www-authenticate", "Bearer");
  const wait = error.status === 429 || error.status === 503;
  if (wait && !reply.hasHeader("retry-after")) reply.header("retry-after", "1");
  return reply.code(error.status).send({
    error: error.code,
    message: error.message,
    ...(error.details.length > 0 && { details: error.details }),
    request_id: request.id,
  });
}

/** The only place where an error of any kind becomes what a client is told. */
function translate(error: FastifyError | NovacoreError, request: FastifyRequest): NovacoreError {
  if (error instanceof NovacoreError) {
    return error.status < 500 || error.code !== "internal" ? error : new NovacoreError("internal");
  }
  if (error.validation !== undefined) return fromValidation(error, request);
  const code = codeOfStatus[error.statusCode ?? 500];
  if (code !== undefined) return new NovacoreError(code);
  const isClientError = (error.statusCode ?? 500) < 500;
  return new NovacoreError(isClientError ? "malformed_request" : "internal");
}

const codeOfStatus: Readonly<Record<number, ErrorCode>> = {
  404: "not_found",
  413: "payload_too_large",
  415: "unsupported_media_type",
  429: "rate_limited",
  503: "unavailable",
};

/** Enough to mend a request with; a hostile body could hold thousands of faults. */
const detailsMax = 20;

function fromValidation(error: FastifyError, request: FastifyRequest): NovacoreError {
  const { validation = [], validationContext: part } = error;
  // An id in a path that no id can be: the thing does not exist.
  if (part === "params") return new NovacoreError("not_found");
  const value = part === "querystring" ? request.query : request.body;
  const schema = request.routeOptions.schema?.[part === "querystring" ? part : "body"];
  const details = describeFaults(validation, { value, schema }).slice(0, detailsMax);
  const [first] = details;
  const message = first && `${first.path || "The body"} ${first.message}.`;
  return new NovacoreError("validation_failed", message, { details });
}
