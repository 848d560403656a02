import { isDeepStrictEqual } from "node:util";
import type { SwaggerTransform, SwaggerTransformObject } from "@fastify/swagger";
import { reference, schemaComponents } from "./asyncapi-messages.ts";
import { ErrorAnswer, failuresOf, headers, rateLimitHeaders, refusals } from "./openapi-answers.ts";

const tagRules = [
  ["Authentication", "Tokens for signed challenges", /^\/(auth|\.well-known)\//],
  ["Identities", "Keys, and whose they are", /^\/identit(y|ies)\b/],
  ["Streams", "Live readings over SSE and WebSocket: see /asyncapi.json", /^\/(stream|ws)\b/],
  [
    "Telemetry",
    "Readings in and out: the newest, history, energy, status",
    /\/(telemetry|energy|status|rejections)\b/,
  ],
  ["Organizations", "Members and their roles, and back ends that have access", /^\/organizations/],
  ["Sites", "Where devices stand", /^\/sites/],
  ["Gateways", "What devices are behind", /^\/gateways/],
  ["Devices and DERs", "What reports, by the names of its gateway", /^\/(devices|ders)/],
  ["NATS for back ends", "Credentials and consumers", /^\/nats\//],
  ["The hub itself", "Health, metrics and descriptions", /^/],
] as const;

export const tags = tagRules.map(([name, description]) => ({ name, description }));

/** What one route adds to the document, from its own schema. */
export const describeRoute: SwaggerTransform = ({ schema, url, route }) => {
  const { response = { 200: { type: "string" } } }: { response?: unknown } = { ...schema };
  const answers = Object.entries(Object(response)).map(([status, answer]) => [
    status,
    { "x-response-description": descriptions[status], ...Object(answer) },
  ]);
  return {
    url,
    schema: {
      ...schema,
      tags: tagRules
        .filter(([, , pattern]) => pattern.test(url))
        .map(([name]) => name)
        .slice(0, 1),
      response: Object.fromEntries(answers),
      "x-route": {
        isPublic: schema?.security?.length === 0,
        isRateLimited: route.config?.requestCount !== undefined,
      },
    },
  };
};

/** Of answers that say nothing more exact. */
const descriptions: Readonly<Record<string, string>> = {
  200: "Done",
  201: "Made",
  204: "Done; there is nothing to say",
};

/**
 * The document as clients get it: schemas with a title stand once, under `components`; every
 * operation refers to the refusals that it shares with others.
 */
export const finishDocument: SwaggerTransformObject = (document) => {
  if (!("openapiObject" in document)) throw new Error("this is no OpenAPI document");
  const { openapiObject } = document;
  const named = new Map(Object.entries(schemaComponents()));
  const paths = mapValues(openapiObject.paths, (path) =>
    mapValues(path, (operation) => withNames(withRefusals(Object(operation)), named)),
  );
  withNames(ErrorAnswer, named);
  const schemas = Object.fromEntries([...named].sort(([a], [b]) => a.localeCompare(b)));
  const responses = withNames(refusals, named);
  const components = { ...openapiObject.components, schemas, headers, responses };
  return Object.assign(openapiObject, { paths, components });
};

function withRefusals({ "x-route": route, responses, ...operation }: Record<string, unknown>) {
  const { isPublic, isRateLimited } = Object(route);
  const limits = isRateLimited ? rateLimitHeaders : {};
  const answers = mapValues(responses, (answer) => {
    const headers = { ...limits, ...Object(answer).headers };
    return { ...Object(answer), ...(Object.keys(headers).length > 0 && { headers }) };
  });
  return { ...operation, responses: { ...failuresOf({ isPublic, isRateLimited }), ...answers } };
}

/**
 * The same with a reference in the place of every schema that has a title, and with what only a
 * handler checks (`x-rule`, see fields.ts) as part of its schema. Adds the schemas to `named`.
 */
function withNames(value: unknown, named: Map<string, unknown>): unknown {
  if (Array.isArray(value)) return value.map((each) => withNames(each, named));
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).flatMap(([name, member]) => {
    const found = withNames(member, named);
    return name === "x-rule" ? Object.entries(Object(found)) : [[name, found]];
  });
  const schema: Record<string, unknown> = Object.fromEntries(members);
  const { title, type, enum: choices } = schema;
  // Client generators want it said, though the choices say it.
  const isText = Array.isArray(choices) && choices.every((choice) => typeof choice === "string");
  if (isText && type === undefined) schema.type = "string";
  if (typeof title !== "string") return schema;
  const known = named.get(title);
  const isReading = Object.hasOwn(readings, title);
  if (known !== undefined && !isReading && !isDeepStrictEqual(known, schema)) {
    throw new Error(`two schemas of the API are called ${title}`);
  }
  if (!isReading) named.set(title, schema);
  return reference("components", "schemas", title);
}

/** As the protocol has them: swagger writes patternProperties as if they were for all members. */
const readings = schemaComponents();

function mapValues(value: unknown, map: (member: unknown) => unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(Object(value)).map(([name, each]) => [name, map(each)]));
}
