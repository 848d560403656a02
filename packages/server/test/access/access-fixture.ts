import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Access, createAccess } from "../../src/access/access.ts";
import type { Registration } from "../../src/config.ts";
import { openRegistry, type Registry } from "../../src/registry/database.ts";
import type { IdentityType } from "../../src/registry/identities.ts";
import { machineKey, personKey, type TestKey } from "../rest/keys-for-tests.ts";

/** Access on a real registry in a temporary folder, with a clock that the test turns. */
export interface AccessFixture extends AsyncDisposable {
  readonly registry: Registry;
  readonly access: Access;
  readonly dataDir: string;
  readonly clock: { now: number };
  /** An access of another hub on the same folder and registry. */
  another(): Access;
  /** A person with a token; types beside user are registered by hand. */
  person(type?: IdentityType): Promise<{ id: string; token: string; key: TestKey }>;
  /** A token for a key, by challenge. */
  token(key: TestKey): Promise<string>;
  /** An organization of somebody new, with a site. */
  home(): Promise<{ orgId: string; siteId: string; ownerId: string; ownerToken: string }>;
  gateway(serial: string, orgId: string): Promise<TestKey>;
}

export async function openAccess(registration: Registration = "open"): Promise<AccessFixture> {
  const dataDir = await mkdtemp(join(tmpdir(), "novacore-access-"));
  const registry = await openRegistry({ databaseUrl: undefined, dataDir });
  const clock = { now: Date.now() };
  const opened: Access[] = [];
  const another = () => {
    const log = { error: (object: object) => Promise.reject(new Error(JSON.stringify(object))) };
    const options = { registry, dataDir, registration, log, now: () => clock.now };
    const access = createAccess(options);
    opened.push(access);
    return access;
  };
  const access = another();
  const token: AccessFixture["token"] = async (key) => {
    const publicKey = key.publicText;
    const { challenge } = access.challenge(publicKey);
    const signature = key.sign(challenge);
    return (await access.verify({ publicKey, challenge, signature })).token;
  };
  const person: AccessFixture["person"] = async (type = "user") => {
    const key = personKey();
    const publicKeys = [Buffer.from(key.publicText, "base64url").toString("hex")];
    const { identity } = await registry.identities.register({ type, publicKeys });
    return { id: identity.id, token: await token(key), key };
  };
  return {
    registry,
    access,
    dataDir,
    clock,
    another,
    token,
    person,
    home: async () => {
      const { id: ownerId, token: ownerToken } = await person();
      const { id: orgId } = await registry.organizations.create({ name: "Home", ownerId });
      const { id: siteId } = await registry.sites.create(orgId, { name: "House" });
      return { orgId, siteId, ownerId, ownerToken };
    },
    gateway: async (serial, orgId) => {
      const key = machineKey();
      const nonceUntil = new Date(clock.now + 600_000).toISOString();
      const claim = { serial, orgId, publicKey: key.publicText, nonce: serial, nonceUntil };
      await registry.gateways.claim(claim);
      return key;
    },
    [Symbol.asyncDispose]: async () => {
      for (const one of opened) one.close();
      await registry.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
