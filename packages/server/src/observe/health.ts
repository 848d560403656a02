import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { Registry } from "prom-client";
import { Type } from "typebox";

/** One thing that must work before the hub takes traffic; answers why it does not, or undefined. */
export interface ReadinessCheck {
  readonly name: string;
  check(): Promise<string | undefined> | string | undefined;
}

export interface HealthOptions {
  readonly version: string;
  readonly metrics: Registry;
  readonly checks: readonly ReadinessCheck[];
}

/** `/healthz` (the process lives), `/readyz` (it can take traffic, or why not) and `/metrics`. */
export const healthRoutes: FastifyPluginAsyncTypebox<HealthOptions> = async (app, options) => {
  app.get(
    "/healthz",
    {
      schema: { response: { 200: Type.Object({ status: Type.String(), version: Type.String() }) } },
    },
    () => ({ status: "ok", version: options.version }),
  );

  app.get("/readyz", async (_request, reply) => {
    const checks = await Promise.all(options.checks.map(run));
    const ready = checks.every((result) => result.ok);
    if (!ready) reply.code(503).header("retry-after", "2");
    return { status: ready ? "ready" : "not_ready", checks };
  });

  app.get("/metrics", async (_request, reply) => {
    reply.type(options.metrics.contentType);
    return options.metrics.metrics();
  });
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
