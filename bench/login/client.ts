/**
 * The clients of the login bench, in a process of their own. Told `{kind: "rate", …}` they log in
 * one after the other, a few at once, and answer how long that took. Told `{kind: "keep", …}` they
 * all stay, and come back whenever they are cut; `{kind: "cut"}` answers once they have been cut and
 * are back.
 */
import { setTimeout as delay } from "node:timers/promises";
import { createVirtualGateway, type VirtualGateway } from "@novacore/simulator";
import { loadHubKeys } from "../../packages/server/src/nats/hub-keys.ts";
import { type Credentials, LoginRefused, openConnection } from "./connection.ts";

export type ClientOrder =
  | {
      readonly kind: "rate";
      readonly url: string;
      readonly logins: number;
      readonly as:
        | { readonly passwords: readonly (readonly [user: string, password: string])[] }
        /** The hub's own user, whose nkey stands in nats-server's configuration. */
        | { readonly dataDir: string };
    }
  | {
      readonly kind: "keep";
      readonly url: string;
      readonly gateways: readonly { readonly serial: string; readonly privateKeyPem: string }[];
    }
  | { readonly kind: "cut" };

export interface RateReport {
  readonly seconds: number;
}

/** Times by the clock, epoch ms. */
export interface StormReport {
  readonly firstInMs: number;
  readonly allInMs: number;
  /** When the refused logins began. */
  readonly refusedMs: readonly number[];
  readonly reasons: readonly string[];
}

const atOnce = 32;
/** Sooner than gateways come back as a rule (2 s and more), and closer together. */
const returnMs = { min: 500, max: 1_000 };

// Open connections would keep it alive when the bench has ended without a word.
process.on("disconnect", () => process.exit());
process.on("message", (order: ClientOrder) => {
  void obey(order).then((report) => process.send?.(report));
});

async function obey(order: ClientOrder): Promise<RateReport | StormReport | { done: string }> {
  switch (order.kind) {
    case "rate":
      return { seconds: await rate(order) };
    case "keep": {
      const kept = order.gateways.map((gateway) => createVirtualGateway(gateway));
      await keep(order.url, kept);
      return { done: order.kind };
    }
    case "cut":
      return backAgain();
  }
}

async function rate({ url, logins, as }: Extract<ClientOrder, { kind: "rate" }>): Promise<number> {
  const credentialsOf = "passwords" in as ? byPassword(as.passwords) : byNkey(as.dataDir);
  const startedMs = performance.now();
  let next = 0;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (next < logins) {
        const connection = openConnection(url, credentialsOf(next++));
        await connection.accepted;
        connection.end();
      }
    }),
  );
  return (performance.now() - startedMs) / 1000;
}

function byPassword(passwords: readonly (readonly [string, string])[]) {
  return (index: number): Credentials => {
    const [user, pass] = passwords[index % passwords.length] ?? [];
    return () => ({ user, pass });
  };
}

function byNkey(dataDir: string) {
  const key = loadHubKeys(dataDir).users.HUB;
  const { publicKey: nkey } = key;
  return (): Credentials => (nonce) => ({ nkey, sig: key.sign(nonce).toString("base64url") });
}

/** Who has come since the last order, and what happened to the logins. */
interface Storm {
  readonly present: Set<string>;
  readonly refusedMs: number[];
  readonly reasons: Set<string>;
  firstInMs: number;
  readonly over: PromiseWithResolvers<void>;
}

let gatewayCount = 0;
let storm = newStorm();

function newStorm(): Storm {
  const over = Promise.withResolvers<void>();
  return { present: new Set(), refusedMs: [], reasons: new Set(), firstInMs: 0, over };
}

async function keep(url: string, gateways: readonly VirtualGateway[]): Promise<void> {
  gatewayCount = gateways.length;
  for (const gateway of gateways) void stay(url, gateway);
  await storm.over.promise;
}

async function stay(url: string, gateway: VirtualGateway): Promise<never> {
  for (;;) {
    const begunMs = Date.now();
    const password = gateway.loginJwt();
    const connection = openConnection(url, () => ({ user: gateway.serial, pass: password }));
    await connection.accepted.then(
      () => enter(gateway.serial),
      (error: unknown) => note(error, begunMs),
    );
    await connection.ended;
    storm.present.delete(gateway.serial);
    await delay(returnMs.min + Math.random() * (returnMs.max - returnMs.min));
  }
}

function enter(serial: string): void {
  storm.firstInMs ||= Date.now();
  storm.present.add(serial);
  if (storm.present.size === gatewayCount) storm.over.resolve();
}

function note(error: unknown, begunMs: number): void {
  if (!(error instanceof LoginRefused)) return; // no server there: not a login
  storm.refusedMs.push(begunMs);
  storm.reasons.add(error.message);
}

/** Asked before the cut: those who are still there do not count. */
async function backAgain(): Promise<StormReport> {
  storm = newStorm();
  await storm.over.promise;
  const { firstInMs, refusedMs, reasons } = storm;
  return { firstInMs, allInMs: Date.now(), refusedMs, reasons: [...reasons] };
}
