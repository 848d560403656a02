import {
  type FastifyPluginAsyncTypebox,
  TypeBoxValidatorCompiler,
} from "@fastify/type-provider-typebox";
import { NovacoreError } from "@novacore/protocol";
import { Type } from "typebox";
import type { Access } from "../access/access.ts";
import { exactFilters, keptFilters } from "../consumer-filters.ts";
import { consumerOwner, consumerSight } from "../consumer-owner.ts";
import { limits } from "../limits.ts";
import { consumerPlaces } from "../nats/permissions.ts";
import type { Registry } from "../registry/database.ts";
import type { ConsumerRecord } from "../store/consumer-record.ts";
import type { BackEndConsumers } from "../store/consumers.ts";
import type { CallerOf } from "./authenticate.ts";
import { ConsumerAnswer, ReadingTypes, toConsumerAnswer } from "./consumer-answer.ts";
import { PositionFields, toPosition } from "./consumer-position.ts";
import { Id } from "./fields.ts";

export interface ConsumerRoutesOptions {
  readonly access: Access;
  readonly registry: Registry;
  readonly callerOf: CallerOf;
  readonly consumers: BackEndConsumers;
  /** Told when one was made, for what changed meanwhile. */
  readonly onMade: () => void;
}

const Params = Type.Object({ name: Type.String({ pattern: "^[A-Za-z0-9_-]{1,32}$" }) });
const Owner = Type.Object({ integration_id: Type.Optional(Id) });
const NewConsumer = Type.Object({
  name: Params.properties.name,
  org_id: Id,
  integration_id: Type.Optional(Id),
  sites: Type.Optional(Type.Array(Id, { minItems: 1, maxItems: limits.consumerFiltersMax })),
  types: Type.Optional(ReadingTypes),
  ack: Type.Optional(Type.Enum(["explicit", "none"])),
  ...PositionFields,
});

/** The consumers by which a back end reads stored readings over NATS, from where it wants. */
export const consumerRoutes: FastifyPluginAsyncTypebox<ConsumerRoutesOptions> = async (
  app,
  { access, registry, callerOf, consumers, onMade },
) => {
  app.setValidatorCompiler(TypeBoxValidatorCompiler);
  app.addHook("onRoute", (route) => {
    route.bodyLimit ??= limits.requestBytesMax;
  });
  // The plugin for other limits sets it by itself; here an error says "later" in the same way.
  app.addHook("onError", async (_request, reply, error) => {
    if (error instanceof NovacoreError && error.code === "rate_limited") {
      reply.header("retry-after", Math.ceil(limits.replayRetryMs / 1000));
    }
  });
  const known = { access, registry };

  const find = async (identityId: string, name: string): Promise<ConsumerRecord> => {
    const records = await consumers.at(consumerPlaces(identityId));
    const record = records.find((each) => each.name === name);
    if (record === undefined) throw new NovacoreError("not_found");
    return record;
  };
  const answer = async (record: ConsumerRecord) =>
    toConsumerAnswer(record, (await consumers.held()).epoch);

  app.post(
    "/nats/consumers",
    {
      schema: {
        summary: "Make a consumer that replays stored readings from a position and then follows",
        body: NewConsumer,
        response: { 201: ConsumerAnswer },
      },
    },
    async (request, reply) => {
      const { body } = request;
      const { name, org_id: orgId, sites, types, ack = "explicit" } = body;
      const caller = await callerOf(request);
      const owner = await consumerOwner(known, caller, body.integration_id, "manage");
      const granted = await consumerSight(known, owner, orgId, sites);
      const { identityId } = owner;
      const createdAt = new Date().toISOString();
      const wish = { name, identityId, orgId, sites, types, ack, createdAt };
      const filters = await exactFilters(registry, wish, granted);
      const places = consumerPlaces(identityId);
      const record = await consumers.create(wish, filters, toPosition(body), places);
      onMade();
      const fields = { consumer: name, identityId, place: record.place, by: caller.identityId };
      request.log.info({ event: "consumer_created", ...fields }, "a consumer was made");
      return reply.code(201).send(await answer(record));
    },
  );

  app.get(
    "/nats/consumers",
    {
      schema: {
        summary: "List an integration's consumers",
        querystring: Owner,
        response: { 200: Type.Array(ConsumerAnswer) },
      },
    },
    async (request) => {
      const { integration_id: named } = request.query;
      const owner = await consumerOwner(known, await callerOf(request), named, "view");
      const records = await consumers.at(consumerPlaces(owner.identityId));
      const { epoch } = await consumers.held();
      return records.map((record) => toConsumerAnswer(record, epoch));
    },
  );

  app.get(
    "/nats/consumers/:name",
    {
      schema: {
        summary: "Show how far a consumer is",
        params: Params,
        querystring: Owner,
        response: { 200: ConsumerAnswer },
      },
    },
    async (request) => {
      const { integration_id: named } = request.query;
      const owner = await consumerOwner(known, await callerOf(request), named, "view");
      return answer(await find(owner.identityId, request.params.name));
    },
  );

  app.delete(
    "/nats/consumers/:name",
    { schema: { summary: "Delete a consumer", params: Params, querystring: Owner } },
    async (request, reply) => {
      const caller = await callerOf(request);
      const { integration_id: named } = request.query;
      const { identityId } = await consumerOwner(known, caller, named, "manage");
      const { name, place } = await find(identityId, request.params.name);
      await consumers.remove(place);
      const fields = { consumer: name, identityId, place, by: caller.identityId };
      request.log.info({ event: "consumer_deleted", ...fields }, "a consumer was deleted");
      return reply.code(204).send();
    },
  );

  app.post(
    "/nats/consumers/:name/reset",
    {
      schema: {
        summary: "Put a consumer to another position",
        params: Params,
        querystring: Owner,
        body: Type.Object({ integration_id: Type.Optional(Id), ...PositionFields }),
        response: { 200: ConsumerAnswer },
      },
    },
    async (request) => {
      const caller = await callerOf(request);
      const named = request.body.integration_id ?? request.query.integration_id;
      const owner = await consumerOwner(known, caller, named, "manage");
      const { identityId } = owner;
      const record = await find(identityId, request.params.name);
      const granted = await consumerSight(known, owner, record.orgId, undefined);
      const filters = await keptFilters(registry, record, granted);
      const moved = await consumers.reset(record, filters, toPosition(request.body));
      onMade();
      const { name, place } = record;
      const fields = { consumer: name, identityId, place, by: caller.identityId };
      request.log.info({ event: "consumer_reset", ...fields }, "a consumer was reset");
      return answer(moved);
    },
  );
};
