import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { NovacoreError, namePattern } from "@novacore/protocol";
import { Type } from "typebox";
import type { Caller } from "../access/caller.ts";
import { readPublicKeys } from "../access/keys.ts";
import { type Identity, type IdentityType, identityTypes } from "../registry/identities.ts";
import { SignedChallenge } from "./auth.ts";
import { bearerOf } from "./authenticate.ts";
import { idOf, Name, nothing, nullable, PublicKey, Time } from "./fields.ts";
import type { ResourceOptions } from "./routes.ts";

const TypeName = Type.Enum(identityTypes);

const IdentityAnswer = Type.Object(
  {
    id: Type.String(),
    type: TypeName,
    name: nullable(Type.String()),
    created_at: Time,
  },
  { title: "Identity", description: "Somebody or something that logs in with a key" },
);
const IdentityWithKeys = Type.Interface(
  [IdentityAnswer],
  { public_keys: Type.Array(Type.String({ description: "Hex" })) },
  { title: "IdentityWithKeys", description: "An identity, and the keys that it logs in with" },
);
const NewIdentity = Type.Object(
  { public_key: PublicKey, type: TypeName, name: Type.Optional(Name) },
  { title: "NewIdentity", description: "A key to be registered" },
);
const KeyAnswer = Type.Object(
  { public_key: Type.String({ description: "Hex" }) },
  { title: "PublicKey", description: "A key that an identity logs in with" },
);
const KeyParams = Type.Object({
  key: Type.String({ pattern: "^([0-9a-f]{64}|[0-9a-f]{128})$", description: "Hex" }),
});

/** Identities and their keys. */
export const identityRoutes: FastifyPluginAsyncTypebox<ResourceOptions> = async (app, options) => {
  const { registry, access, callerOf } = options;

  app.post(
    "/identity/register",
    {
      schema: {
        operationId: "registerIdentity",
        summary: "Register a public key",
        description:
          "Who registers needs no token where registration is open. 200: the key was known before.",
        security: [{}, { bearer: [] }],
        body: NewIdentity,
        response: { 200: IdentityAnswer, 201: IdentityAnswer },
      },
    },
    async (request, reply) => {
      const { public_key, type, name } = request.body;
      const publicKeys = readPublicKeys(public_key).map((key) => key.hex);
      const known = await registry.identities.byKey(publicKeys);
      if (known?.revokedAt) throw new NovacoreError("identity_revoked");
      if (known !== undefined) return toAnswer(known);
      const token = bearerOf(request);
      const caller = token === undefined ? undefined : await access.authenticate(token);
      assertMayRegister(access.registration, caller, type);
      // A gateway's id is its serial, which it can only give as its name here. Without one it gets
      // its identity by the first claim, which proves the key as well.
      const isSerial = type === "gateway" && name !== undefined && namePattern.test(name);
      const id = isSerial ? { id: name } : {};
      const { identity, created } = await registry.identities.register({
        ...id,
        type,
        name,
        publicKeys,
      });
      return reply.code(created ? 201 : 200).send(toAnswer(identity));
    },
  );

  app.get(
    "/identity",
    {
      schema: {
        operationId: "getOwnIdentity",
        summary: "Who the caller is",
        response: { 200: IdentityWithKeys },
      },
    },
    async (request) => {
      const { identityId } = await callerOf(request);
      const identity = await registry.identities.get(identityId);
      if (identity === undefined) throw new NovacoreError("unauthenticated");
      return { ...toAnswer(identity), public_keys: await registry.identities.keys(identityId) };
    },
  );

  app.post(
    "/identity/keys",
    {
      schema: {
        operationId: "addKey",
        summary: "Add a key, proved by a challenge signed with it",
        body: SignedChallenge,
        response: { 201: KeyAnswer },
      },
    },
    async (request, reply) => {
      const { identityId } = await callerOf(request);
      const { public_key: publicKey, challenge, signature } = request.body;
      const key = access.proveKey({ publicKey, challenge, signature });
      await registry.identities.addKey(identityId, key);
      return reply.code(201).send({ public_key: key });
    },
  );

  app.delete(
    "/identity/keys/:key",
    {
      schema: {
        operationId: "removeKey",
        summary: "Take a key away; its tokens end",
        params: KeyParams,
        response: { 204: nothing() },
      },
    },
    async (request, reply) => {
      const { identityId } = await callerOf(request);
      await registry.identities.removeKey(identityId, request.params.key);
      return reply.code(204).send(null);
    },
  );

  app.post(
    "/identities/:id/revoke",
    {
      schema: {
        operationId: "revokeIdentity",
        summary: "End an identity for good",
        params: Type.Object({ id: idOf("Id of the identity") }),
        response: { 204: nothing() },
      },
    },
    async (request, reply) => {
      const caller = await callerOf(request);
      const identity = await registry.identities.get(request.params.id);
      if (identity === undefined || !mayRevoke(caller, identity)) {
        throw new NovacoreError("not_found");
      }
      await registry.identities.revoke(identity.id);
      return reply.code(204).send(null);
    },
  );
};

function isPlatform(type: IdentityType): boolean {
  return type === "admin" || type === "root";
}

function assertMayRegister(
  registration: "open" | "invite-only" | "closed",
  caller: Caller | undefined,
  type: IdentityType,
): void {
  const byPlatform = caller !== undefined && isPlatform(caller.identityType);
  if (registration === "closed") throw new NovacoreError("registration_closed");
  if (registration === "invite-only" && !byPlatform) throw new NovacoreError("registration_closed");
  // Operators of the platform are made by root alone, whatever the setting.
  if (isPlatform(type) && caller?.identityType !== "root") {
    throw new NovacoreError("forbidden", `Only root registers an identity of type ${type}.`);
  }
}

/** Anybody ends himself; operators of the platform end others, and only root ends an operator. */
function mayRevoke(caller: Caller, identity: Identity): boolean {
  if (caller.identityId === identity.id || caller.identityType === "root") return true;
  return caller.identityType === "admin" && !isPlatform(identity.type);
}

function toAnswer(identity: Identity) {
  return {
    id: identity.id,
    type: identity.type,
    name: identity.name,
    created_at: identity.createdAt,
  };
}
