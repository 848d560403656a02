import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { Registry } from "prom-client";
import { Type } from "typebox";

/** One thing that must work before the hub takes traffic; answers why it does not, or undefined. */
export interface ReadinessCheck {
  readonly name: string;
  /** Whether the hub takes traffic all the same: the answer tells it, and is 200. */
  readonly isAdvisory?: boolean;
  check(): Promise<string | undefined> | string | undefined;
}

export interface HealthOptions {
  readonly version: string;
  /** Version of nats-server. */
  readonly natsServer: string;
  /** What an acknowledged reading survives, in the word of an upload's answer. */
  readonly durability: string;
  readonly metrics: Registry;
  readonly checks: readonly ReadinessCheck[];
}

const HealthAnswer = Type.Object(
  {
    status: Type.String(),
    version: Type.String(),
    nats_server: Type.String({ description: "Version of nats-server" }),
    durability: Type.String({ description: "fsync, replicated or page-cache" }),
  },
  { title: "Health", description: "That the process lives, and its version" },
);
const ReadinessAnswer = Type.Object(
  {
    status: Type.Enum(["ready", "not_ready"]),
    checks: Type.Array(
      Type.Object({
        name: Type.String(),
        ok: Type.Boolean(),
        reason: Type.Optional(Type.String({ description: "Why it is not" })),
      }),
    ),
  },
  {
    title: "Readiness",
    description: "Whether the hub can take traffic, and what it has looked at",
  },
);

/** `/healthz` (the process lives), `/readyz` (it can take traffic, or why not) and `/metrics`. */
export const healthRoutes: FastifyPluginAsyncTypebox<HealthOptions> = async (app, options) => {
  app.get(
    "/healthz",
    {
      schema: {
        operationId: "getHealth",
        summary: "Whether the process lives",
        security: [],
        response: { 200: HealthAnswer },
      },
    },
    () => ({
      ...{ status: "ok", version: options.version },
      ...{ nats_server: options.natsServer, durability: options.durability },
    }),
  );

  app.get(
    "/readyz",
    {
      schema: {
        operationId: "getReadiness",
        summary: "Whether the hub can take traffic, or why not",
        security: [],
        response: { 200: ReadinessAnswer, 503: ReadinessAnswer },
      },
    },
    async (_request, reply) => {
      const checks = await Promise.all(options.checks.map(run));
      const ready = checks.every(({ ok }, index) => ok || options.checks[index]?.isAdvisory);
      if (!ready) reply.code(503).header("retry-after", "2");
      return { status: ready ? ("ready" as const) : ("not_ready" as const), checks };
    },
  );

  app.get(
    "/metrics",
    {
      schema: {
        operationId: "getMetrics",
        summary: "What the hub counts and measures, for Prometheus",
        security: [],
        produces: ["text/plain"],
        response: { 200: Type.String({ description: "Prometheus's text format" }) },
      },
    },
    async (_request, reply) => {
      reply.type(options.metrics.contentType);
      return options.metrics.metrics();
    },
  );
};

interface CheckResult {
  readonly name: string;
  readonly ok: boolean;
  readonly reason?: string;
}

async function run({ name, check }: ReadinessCheck): Promise<CheckResult> {
  const reason = await check();
  return reason === undefined ? { name, ok: true } : { name, ok: false, reason };
}
