import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { NovacoreError } from "@novacore/protocol";
import { Type } from "typebox";
import { bearerOf } from "./authenticate.ts";
import { PublicKey, Signature, Time } from "./fields.ts";
import type { ResourceOptions } from "./routes.ts";
import { sessionCookie } from "./session-cookie.ts";

/** Tokens for signed challenges, and the keys that verify the tokens. */
export const authRoutes: FastifyPluginAsyncTypebox<ResourceOptions> = async (app, { access }) => {
  app.post(
    "/auth/challenge",
    {
      schema: {
        summary: "Ask for a challenge to sign",
        body: Type.Object({ public_key: PublicKey }),
        response: { 200: Type.Object({ challenge: Type.String(), expires_at: Time }) },
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
        summary: "Get a token for a signed challenge",
        body: Type.Object({
          public_key: PublicKey,
          challenge: Type.String({ maxLength: 256 }),
          signature: Signature,
        }),
        response: {
          200: Type.Object({ token: Type.String(), identity_id: Type.String(), expires_at: Time }),
        },
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
      };
    },
  );

  app.post(
    "/auth/session",
    {
      schema: {
        summary: "Keep the token in a cookie that opens streams",
        description:
          "For pages whose EventSource and WebSocket cannot send a header. The cookie is HttpOnly " +
          "and SameSite=Strict, and good for streams alone.",
        response: { 204: Type.Null() },
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
    { schema: { summary: "Forget the cookie", response: { 204: Type.Null() } } },
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
      schema: { summary: "Public keys that verify the hub's tokens" },
    },
    async (_request, reply) => {
      reply.header("cache-control", "public, max-age=300");
      return access.jwks();
    },
  );
};
