import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import fastify from "fastify";
import { type Access, createAccess } from "../../src/access/access.ts";
import type { Registration } from "../../src/config.ts";
import { openRegistry, type Registry } from "../../src/registry/database.ts";
import type { IdentityType } from "../../src/registry/identities.ts";
import { registerErrorHandler } from "../../src/rest/errors.ts";
import { createRateLimits } from "../../src/rest/rate-limits.ts";
import { restRoutes } from "../../src/rest/routes.ts";
import { claimMessage, machineKey, personKey, type TestKey } from "./keys-for-tests.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: what a client got, which the test goes on to check
  readonly body: any;
}

export interface Person {
  readonly id: string;
  readonly token: string;
  readonly key: TestKey;
  call(method: string, path: string, body?: unknown): Promise<Answer>;
}

/** The REST part of a hub, alone, on a free port with SQLite in a temporary folder. */
export interface RestHub extends AsyncDisposable {
  readonly url: string;
  readonly registry: Registry;
  readonly access: Access;
  call(method: string, path: string, body?: unknown, token?: string): Promise<Answer>;
  /** Somebody new, logged in. Types beside user are put into the registry by hand. */
  person(type?: IdentityType): Promise<Person>;
  /** Logs a key in by challenge. */
  login(key: TestKey): Promise<Answer>;
  claim(owner: Person, orgId: string, serial: string, key?: TestKey): Promise<Answer>;
}

export async function startRestHub(
  options: {
    registration?: Registration;
    authRequestsPerMinute?: number;
    requestsPerMinute?: number;
  } = {},
): Promise<RestHub> {
  const dataDir = await mkdtemp(join(tmpdir(), "novacore-rest-"));
  const registry = await openRegistry({ databaseUrl: undefined, dataDir });
  const app = fastify({ logger: false }).withTypeProvider<TypeBoxTypeProvider>();
  const { registration = "open", authRequestsPerMinute = 100_000, requestsPerMinute } = options;
  const access = createAccess({ registry, dataDir, registration, log: app.log });
  registerErrorHandler(app);
  const rateLimits = await createRateLimits(app, {
    ...{ access, authRequestsPerMinute },
    ...(requestsPerMinute !== undefined && { requestsPerMinute }),
  });
  await app.register(restRoutes, { registry, access, rateLimits });
  const url = await app.listen({ port: 0, host: "127.0.0.1" });

  const call: RestHub["call"] = async (method, path, body, token) => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        ...(body !== undefined && { "content-type": "application/json" }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      body: body === undefined ? null : typeof body === "string" ? body : JSON.stringify(body),
    });
    const text = await response.text();
    const { status, headers } = response;
    return { status, headers, body: text === "" ? undefined : JSON.parse(text) };
  };
  const login: RestHub["login"] = async (key) => {
    const public_key = key.publicText;
    const { body } = await call("POST", "/auth/challenge", { public_key });
    const { challenge } = body;
    const signature = key.sign(challenge);
    return call("POST", "/auth/verify", { public_key, challenge, signature });
  };
  return {
    url,
    registry,
    access,
    call,
    login,
    person: async (type = "user") => {
      const key = personKey();
      if (type !== "user") {
        const hex = Buffer.from(key.publicText, "base64url").toString("hex");
        await registry.identities.register({ type, publicKeys: [hex] });
      }
      const answer = await login(key);
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      const { token, identity_id: id } = answer.body;
      return { id, token, key, call: (method, path, body) => call(method, path, body, token) };
    },
    claim: (owner, orgId, serial, key = machineKey()) => {
      const message = claimMessage({ claimerId: owner.id, serial });
      return owner.call("POST", "/gateways/claim", {
        org_id: orgId,
        gateway_serial: serial,
        public_key: key.publicText,
        message,
        signature: key.sign(message),
      });
    },
    [Symbol.asyncDispose]: async () => {
      await app.close();
      access.close();
      await registry.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
