import { encodeCursor } from "@novacore/protocol";
import type { FastifyInstance } from "fastify";
import type { Access } from "./access/access.ts";
import { readLatest } from "./history/latest.ts";
import { readSiteEnergy } from "./history/range-cells.ts";
import type { InTurn } from "./history-turns.ts";
import type { Registry } from "./registry/database.ts";
import type { CallerOf } from "./rest/authenticate.ts";
import { energyRoutes } from "./rest/energy.ts";
import { latestRoutes } from "./rest/latest.ts";
import { telemetryRoutes } from "./rest/telemetry.ts";
import { UnreadAnswers } from "./rest/unread-answers.ts";
import type { ReadStatus } from "./status.ts";
import type { TelemetryHistory } from "./telemetry-history.ts";

export interface TelemetryParts {
  readonly access: Access;
  readonly registry: Registry;
  readonly callerOf: CallerOf;
  readonly history: TelemetryHistory;
  readonly inTurn: InTurn;
  readonly readStatus: ReadStatus;
}

/** What DERs reported and report: their newest readings, their past, and energy made of it. */
export async function registerTelemetry(
  app: FastifyInstance,
  { access, registry, callerOf, history, inTurn, readStatus }: TelemetryParts,
): Promise<void> {
  const common = { access, registry, callerOf, inTurn };
  await app.register(telemetryRoutes, { ...common, history, unread: new UnreadAnswers() });
  await app.register(latestRoutes, {
    ...common,
    readStatus,
    readLatest: (ders, seen) => readLatest(history.latest, ders, seen),
  });
  await app.register(energyRoutes, {
    ...common,
    async readEnergy({ id: siteId, orgId }, options, signal) {
      const wish = { ...options, orgId, siteId, signal };
      const { energy, moment } = await readSiteEnergy(history, wish);
      return { energy, cursor: encodeCursor({ epoch: moment.epoch, sequence: moment.head }) };
    },
  });
}
