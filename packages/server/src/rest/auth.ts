import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";
import { PublicKey, Signature, Time } from "./fields.ts";
import type { ResourceOptions } from "./routes.ts";

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
