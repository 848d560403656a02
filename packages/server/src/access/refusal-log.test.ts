import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../limits.ts";
import type { AuthorizationRequest } from "./nats-jwt.ts";
import { RefusalLog } from "./refusal-log.ts";

const request: AuthorizationRequest = {
  serverId: "server",
  userNkey: "nkey",
  expiresAt: 0,
  transport: "nats",
  host: "192.0.2.1",
  mqttClientId: undefined,
  username: "somebody",
  password: "the-password",
  token: "the-token",
  nkey: undefined,
  signature: undefined,
  nonce: undefined,
};
const backEnd = { identityId: "idt-1", orgId: "org-1", siteIds: undefined };

test("a storm of refused logins does not hide which back end came in", () => {
  const { log, lines } = collect();
  const refusal = { code: "signature_invalid", reason: "wrong password" } as const;
  for (let i = 0; i < 10 * limits.loginRefusalsLoggedPerSecond; i++) log.write(request, refusal);
  log.admit(request, backEnd);
  assert.deepEqual(lines.at(-1), {
    ...backEnd,
    event: "back_end_login",
    transport: "nats",
    remote: "192.0.2.1",
  });
  // The storm may have crossed into another second.
  assert.ok(lines.length <= 2 * limits.loginRefusalsLoggedPerSecond + 1);
});

test("a refusal says why, and holds no credential", () => {
  const { log, lines } = collect();
  const refusal = { code: "signature_invalid", reason: "wrong password" } as const;
  log.write(request, refusal);
  log.write({ ...request, username: "eyJhbGciOiJFUzI1NiJ9.pasted.here" }, refusal);
  const line = { event: "login_refused", transport: "nats", remote: "192.0.2.1", ...refusal };
  assert.deepEqual(lines, [
    { ...line, user: "somebody" },
    { ...line, user: undefined },
  ]);
});

function collect(): { log: RefusalLog; lines: object[] } {
  const lines: object[] = [];
  const write = (fields: object) => {
    lines.push(fields);
  };
  return { log: new RefusalLog({ info: write, warn: write, error: write }), lines };
}
