import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { NovacoreError } from "@novacore/protocol";
import { Type } from "typebox";
import { bearerOf } from "./authenticate.ts";
import { nothing, PublicKey, Signature, Time } from "./fields.ts";
import type { ResourceOptions } from "./routes.ts";
import { sessionCookie } from "./session-cookie.ts";

const ChallengeRequest = Type.Object(
  { public_key: PublicKey },
  { title: "ChallengeRequest", description: "Whose key the challenge is for" },
);
const ChallengeAnswer = Type.Object(
  { challenge: Type.String({ description: "To be signed as it is" }), expires_at: Time },
  {
    title: "Challenge",
    description:
      "Text that only the holder of a key can sign; it is good once and for a short time",
  },
);
/** A challenge and the proof that somebody has the key. */
export const SignedChallenge = Type.Object(
  { public_key: PublicKey, challenge: Type.String({ maxLength: 256 }), signature: Signature },
  { title: "SignedChallenge", description: "A challenge, signed with the key that it is for" },
);
const TokenAnswer = Type.Object(
  {
    token: Type.String(),
    identity_id: Type.String(),
    expires_at: Time,
    registered: Type.Boolean({
      description: "The hub did not know the key: this identity is new, and sees nothing yet",
    }),
  },
  { title: "Token", description: "What requests are authorized with, as Authorization: Bearer" },
);
const KeySet = Type.Object(
  { keys: Type.Array(Type.Record(Type.String(), Type.Unknown())) },
  { title: "JsonWebKeySet", description: "Public keys as RFC 7517 has them" },
);

/** Tokens for signed challenges, and the keys that verify the tokens. */
export const authRoutes: FastifyPluginAsyncTypebox<ResourceOptions> = async (app, { access }) => {
  app.post(
    "/auth/challenge",
    {
      schema: {
        operationId: "createChallenge",
        summary: "Ask for a challenge to sign",
        security: [],
        body: ChallengeRequest,
        response: { 200: ChallengeAnswer },
      },
    },
    async (request, reply) => {
      const { challenge, expiresAt } = access.challenge(request.body.public_key);
      reply.header("cache-control", "no-store");
      return { challenge, expires_at: new Date(expiresAt).toISOString() };
    },
  );

  app.post(
    "/auth/verify",
    {
      schema: {
        operationId: "createToken",
        summary: "Get a token for a signed challenge",
        security: [],
        body: SignedChallenge,
        response: { 200: TokenAnswer },
      },
    },
    async (request, reply) => {
      const { public_key: publicKey, challenge, signature } = request.body;
      const answer = await access.verify({ publicKey, challenge, signature });
      reply.header("cache-control", "no-store");
      return {
        token: answer.token,
        identity_id: answer.identityId,
        expires_at: new Date(answer.expiresAt).toISOString(),
        registered: answer.registered,
      };
    },
  );

  app.post(
    "/auth/session",
    {
      schema: {
        operationId: "createSession",
        summary: "Keep the token in a cookie that opens streams",
        description:
          "For pages whose EventSource and WebSocket cannot send a header. The cookie is HttpOnly " +
          "and SameSite=Strict, and good for streams alone.",
        response: { 204: nothing("The cookie is set") },
      },
    },
    async (request, reply) => {
      const token = bearerOf(request);
      if (token === undefined) throw new NovacoreError("unauthenticated");
      const { expiresAt } = await access.authenticate(token);
      const maxAgeS = Math.max(0, Math.floor((expiresAt - Date.now()) / 1000));
      reply.header("set-cookie", sessionCookie(token, maxAgeS, request.protocol === "https"));
      return reply.code(204).send(null);
    },
  );

  app.delete(
    "/auth/session",
    {
      schema: {
        operationId: "deleteSession",
        summary: "Forget the cookie",
        security: [],
        response: { 204: nothing("The cookie is gone") },
      },
    },
    async (request, reply) => {
      reply.header("set-cookie", sessionCookie("", 0, request.protocol === "https"));
      return reply.code(204).send(null);
    },
  );

  app.get(
    "/.well-known/jwks.json",
    // Back ends that verify tokens fetch it whenever they like; it costs a look in memory.
    {
      config: { rateLimit: false },
      schema: {
        operationId: "listTokenKeys",
        summary: "Public keys that verify the hub's tokens",
        security: [],
        response: { 200: KeySet },
      },
    },
    async (_request, reply) => {
      reply.header("cache-control", "public, max-age=300");
      return access.jwks();
    },
  );
};
