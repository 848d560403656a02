import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { NovacoreError } from "@novacore/protocol";
import type { FastifyReply } from "fastify";
import { Type } from "typebox";
import type { Access } from "../access/access.ts";
import { exactFilters, keptFilters } from "../consumer-filters.ts";
import { consumerOwner, consumerSight } from "../consumer-owner.ts";
import { limits } from "../limits.ts";
import { consumerPlaces } from "../nats/permissions.ts";
import type { Registry } from "../registry/database.ts";
import type { ConsumerRecord, ConsumerWish } from "../store/consumer-record.ts";
import type { BackEndConsumers } from "../store/consumers.ts";
import type { CallerOf } from "./authenticate.ts";
import { ConsumerAnswer, ReadingTypes, toConsumerAnswer } from "./consumer-answer.ts";
import {
  newPositionRule,
  PositionFields,
  positionRule,
  toNewPosition,
  toPosition,
} from "./consumer-position.ts";
import { ConsumerRate } from "./consumer-rate.ts";
import { closed, Id, idOf, nothing } from "./fields.ts";
import { organizationOf } from "./organization-of.ts";
import { requestValidator } from "./validator.ts";

export interface ConsumerRoutesOptions {
  readonly access: Access;
  readonly registry: Registry;
  readonly callerOf: CallerOf;
  readonly consumers: BackEndConsumers;
  /** Told when one was made, for what changed meanwhile. */
  readonly onMade: () => void;
}

const Params = Type.Object({
  name: Type.String({ pattern: "^[A-Za-z0-9_-]{1,32}$", description: "Name of the consumer" }),
});
const Owner = Type.Object({
  integration_id: Type.Optional(idOf("Whose consumer it is; an integration asks for its own")),
});
const NewConsumer = Type.Object(
  {
    name: Params.properties.name,
    org_id: Type.Optional(Id),
    integration_id: Type.Optional(Id),
    sites: Type.Optional(Type.Array(Id, { minItems: 1, maxItems: limits.consumerFiltersMax })),
    types: Type.Optional(ReadingTypes),
    ack: Type.Optional(Type.Enum(["explicit", "none"])),
    ...PositionFields,
  },
  {
    ...closed,
    ...positionRule,
    title: "NewConsumer",
    description: "A consumer to be made, and where it starts",
  },
);
const Reset = Type.Object(
  { integration_id: Type.Optional(Id), ...PositionFields },
  {
    ...closed,
    ...newPositionRule,
    title: "ConsumerPosition",
    description: "Where a consumer is to go on: one of since, cursor and start",
  },
);

/** The consumers by which a back end reads stored readings over NATS, from where it wants. */
export const consumerRoutes: FastifyPluginAsyncTypebox<ConsumerRoutesOptions> = async (
  app,
  { access, registry, callerOf, consumers, onMade },
) => {
  app.setValidatorCompiler(requestValidator);
  app.addHook("onRoute", (route) => {
    route.bodyLimit ??= limits.requestBytesMax;
  });
  // The plugin for other limits sets it by itself; here an error says "later" in the same way.
  app.addHook("onError", async (_request, reply, error) => {
    const isLater = error instanceof NovacoreError && error.code === "rate_limited";
    if (isLater && !reply.hasHeader("retry-after")) {
      reply.header("retry-after", Math.ceil(limits.replayRetryMs / 1000));
    }
  });
  const known = { access, registry };
  const rate = new ConsumerRate();
  const assertRate = (orgId: string, reply: FastifyReply): void => {
    const waitMs = rate.take(orgId, Date.now());
    if (waitMs === undefined) return;
    reply.header("retry-after", Math.ceil(waitMs / 1_000));
    throw new NovacoreError(
      "rate_limited",
      `An organization makes or resets at most ${limits.consumerChangesPerMinute} consumers a ` +
        "minute; wait as long as Retry-After says.",
    );
  };

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
        operationId: "createConsumer",
        summary: "Make a consumer that replays stored readings from a position and then follows",
        body: NewConsumer,
        response: { 201: ConsumerAnswer },
      },
    },
    async (request, reply) => {
      const { body } = request;
      const { name, sites, types, ack = "explicit" } = body;
      const caller = await callerOf(request);
      const position = toPosition(body, Date.now());
      const owner = await consumerOwner(known, caller, body.integration_id, "manage");
      const { identityId, orgId } = owner;
      if (organizationOf(body.org_id, owner) !== orgId) throw new NovacoreError("not_found");
      assertRate(orgId, reply);
      const createdAt = new Date().toISOString();
      const wish = { name, identityId, orgId, sites, types, ack, createdAt };
      const filtersOf = async () =>
        exactFilters(registry, wish, await consumerSight(known, owner, sites));
      const places = consumerPlaces(identityId);
      const record = await consumers.create(wish, filtersOf, position, places);
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
        operationId: "listConsumers",
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
        operationId: "getConsumer",
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
    {
      schema: {
        operationId: "deleteConsumer",
        summary: "Delete a consumer",
        params: Params,
        querystring: Owner,
        response: { 204: nothing() },
      },
    },
    async (request, reply) => {
      const caller = await callerOf(request);
      const { integration_id: named } = request.query;
      const { identityId } = await consumerOwner(known, caller, named, "manage");
      const { name, place } = await find(identityId, request.params.name);
      await consumers.remove(place);
      const fields = { consumer: name, identityId, place, by: caller.identityId };
      request.log.info({ event: "consumer_deleted", ...fields }, "a consumer was deleted");
      return reply.code(204).send(null);
    },
  );

  app.post(
    "/nats/consumers/:name/reset",
    {
      schema: {
        operationId: "resetConsumer",
        summary: "Put a consumer to another position",
        params: Params,
        querystring: Owner,
        body: Reset,
        response: { 200: ConsumerAnswer },
      },
    },
    async (request, reply) => {
      const caller = await callerOf(request);
      const position = toNewPosition(request.body, Date.now());
      const named = request.body.integration_id ?? request.query.integration_id;
      const owner = await consumerOwner(known, caller, named, "manage");
      const { identityId } = owner;
      assertRate(owner.orgId, reply);
      const record = await find(identityId, request.params.name);
      const filtersOf = async (now: ConsumerWish) =>
        keptFilters(registry, now, await consumerSight(known, owner, undefined));
      const moved = await consumers.reset(record, filtersOf, position);
      onMade();
      const { name, place } = record;
      const fields = { consumer: name, identityId, place, by: caller.identityId };
      request.log.info({ event: "consumer_reset", ...fields }, "a consumer was reset");
      return answer(moved);
    },
  );
};
