import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { type ErrorCode, NovacoreError, Reading } from "@novacore/protocol";
import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import { limits } from "../limits.ts";
import type { UploadAnswer, Uploads } from "./upload.ts";
import type { UploadForm } from "./upload-body.ts";

export interface HttpSourceOptions {
  readonly uploads: Uploads;
  /** Throws a NovacoreError when the caller may not upload for this gateway. */
  readonly authorizeUpload: (request: FastifyRequest, serial: string) => Promise<void>;
}

const UploadResultSchema = Type.Object({
  index: Type.Integer({ description: "Place in the upload, from 0" }),
  status: Type.Union([Type.Literal("stored"), Type.Literal("duplicate"), Type.Literal("rejected")]),
  cursor: Type.Optional(Type.String({ description: "Where a stream resumes after this reading" })),
  archived: Type.Optional(
    Type.Boolean({ description: "true: too old for streams, and so without a cursor" }),
  ),
  error: Type.Optional(Type.String({ description: "A code of docs/errors.md" })),
  message: Type.Optional(Type.String()),
  path: Type.Optional(Type.String({ description: "JSON pointer of the member at fault" })),
});

const UploadAnswerSchema = Type.Object(
  {
    accepted: Type.Integer({ description: "Readings stored by this upload" }),
    duplicates: Type.Integer({ description: "Readings that were stored before" }),
    rejected: Type.Integer(),
    durability: Type.String({ description: "fsync, replicated or page-cache" }),
    results: Type.Array(UploadResultSchema),
  },
  { title: "UploadAnswer", description: "What became of each reading of an upload" },
);

const UploadedReading = Type.Intersect(
  [
    Reading,
    Type.Object({
      hardware_id: Type.String({ description: "Of the device, as it was provisioned" }),
      der: Type.Optional(
        Type.String({ description: "The DER's name or type; default: the type of the reading" }),
      ),
    }),
  ],
  {
    title: "UploadedReading",
    description: "A reading in its canonical form, and the DER that it is of",
  },
);
const ndjsonTypes = ["application/x-ndjson", "application/ndjson"];
const ndjson = { schema: Type.String({ description: "One UploadedReading a line" }) };
const uploadBody = {
  content: {
    "application/json": {
      schema: Type.Union([
        Type.Array(UploadedReading, { minItems: 1, maxItems: limits.batchReadingsMax }),
        UploadedReading,
      ]),
    },
    ...Object.fromEntries(ndjsonTypes.map((type) => [type, ndjson])),
  },
};

/**
 * `POST /gateways/{serial}/telemetry`: readings as a JSON array, a single object, or NDJSON
 * (`application/x-ndjson`), plain or with `Content-Encoding: gzip`. Answers 200, or 207 when some
 * reading was rejected; each reading that is `stored` is on disk as `durability` says.
 */
export const httpSource: FastifyPluginAsyncTypebox<HttpSourceOptions> = async (
  app,
  { uploads, authorizeUpload },
) => {
  // Raw bytes: a reading is judged one by one, and its original kept when it is refused.
  app.removeContentTypeParser("application/json");
  app.addContentTypeParser<Buffer>(
    ["application/json", ...ndjsonTypes],
    { parseAs: "buffer", bodyLimit: limits.uploadBytesMax },
    (_request, body, done) => done(null, body),
  );

  const leave = new WeakMap<FastifyRequest, () => void>();
  app.addHook("onResponse", async (request) => leave.get(request)?.());
  app.addHook("onRequestAbort", async (request) => leave.get(request)?.());

  app.post(
    "/gateways/:serial/telemetry",
    {
      schema: {
        operationId: "uploadTelemetry",
        summary: "Upload a gateway's readings",
        description:
          "Stores up to 10 000 readings: a JSON array, one object, or NDJSON, also gzipped (then with " +
          "Content-Encoding: gzip). Each is judged alone, by the dialects that gateways speak; 207 " +
          "says that some were rejected. Those older than 7 days, up to 10 years, are stored for " +
          "the archive alone.",
        params: Type.Object({ serial: Type.String({ description: "Serial of the gateway" }) }),
        body: uploadBody,
        response: {
          200: { ...UploadAnswerSchema, "x-response-description": "Every reading is stored" },
          207: {
            ...UploadAnswerSchema,
            "x-response-description": "Some readings were rejected: see their results",
          },
        },
      },
      // What the body's schema says is judged reading by reading.
      validatorCompiler: () => () => true,
      // Before the body is read: nobody unknown makes the hub hold 16 MiB.
      onRequest: async (request) => {
        await authorizeUpload(request, request.params.serial);
        leave.set(request, uploads.enter(request.params.serial));
      },
    },
    async (request, reply) => {
      const { body } = request;
      if (!(body instanceof Uint8Array)) {
        throw new NovacoreError("malformed_request", "The request has no body.");
      }
      const answer = await uploads.ingest({
        serial: request.params.serial,
        transport: "http",
        form: formOf(request),
        gzip: encodingOf(request),
        body,
      });
      const behind = countOf(answer, "archive_behind");
      if (behind > 0) reply.header("retry-after", String(limits.streamFullToldMs / 1_000));
      if (behind === answer.results.length) throw new NovacoreError("archive_behind");
      if (countOf(answer, "unavailable") === answer.results.length) {
        throw new NovacoreError("unavailable", "Nothing could be stored now; send it all again.");
      }
      const status = answer.rejected === 0 ? 200 : 207;
      return reply.code(status).send({ ...answer, results: [...answer.results] });
    },
  );
};

function formOf(request: FastifyRequest): UploadForm {
  const type = request.headers["content-type"]?.split(";")[0]?.trim().toLowerCase() ?? "";
  return ndjsonTypes.includes(type) ? "ndjson" : "json";
}

function encodingOf(request: FastifyRequest): "yes" | "no" {
  const encoding = request.headers["content-encoding"]?.trim().toLowerCase() ?? "identity";
  if (encoding === "gzip" || encoding === "x-gzip") return "yes";
  if (encoding === "identity" || encoding === "") return "no";
  const message = `The content encoding is "${encoding}"; send gzip or none.`;
  throw new NovacoreError("unsupported_media_type", message);
}

function countOf({ results }: UploadAnswer, code: ErrorCode): number {
  return results.filter((result) => result.status === "rejected" && result.error === code).length;
}
