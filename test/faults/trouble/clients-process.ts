/**
 * Some clients of the day, in a process of their own that can be put to sleep. Told `open` they begin
 * to listen; told `report` they wait for what was stored and answer what is wrong.
 */
import { type ClientPlan, TroubledClient } from "./client.ts";

export type ClientsOrder =
  | { readonly kind: "open"; readonly plans: readonly ClientPlan[] }
  /** The answer to an `ask`. */
  | { readonly kind: "token"; readonly ask: number; readonly token: string }
  /** The clock of the machine is set. */
  | { readonly kind: "jump"; readonly byMs: number }
  /** Nothing else is done for so long. */
  | { readonly kind: "block"; readonly forMs: number }
  | { readonly kind: "report"; readonly stored: readonly (readonly [string, readonly number[]])[] };

export type ClientsNews =
  | {
      readonly kind: "ask";
      readonly ask: number;
      readonly client: string;
      readonly tokenMs: number;
    }
  | { readonly kind: "connected" | "lost"; readonly client: string; readonly code: string }
  | { readonly kind: "report"; readonly readings: number; readonly faults: readonly string[] };

const clients: TroubledClient[] = [];
const asking = new Map<number, (token: string) => void>();
let asked = 0;

// A test that is killed leaves no clients behind.
process.once("disconnect", () => process.exit());

process.on("message", (order: ClientsOrder) => {
  switch (order.kind) {
    case "open":
      for (const plan of order.plans) open(plan);
      break;
    case "token":
      asking.get(order.ask)?.(order.token);
      asking.delete(order.ask);
      break;
    case "jump": {
      const now = Date.now;
      Date.now = () => now() + order.byMs;
      break;
    }
    case "block":
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, order.forMs);
      break;
    case "report":
      void report(new Map(order.stored));
      break;
  }
});

function open(plan: ClientPlan): void {
  const client = new TroubledClient(plan, {
    token: () => askForToken(plan),
    onEvent: (kind, code) => tell({ kind, code, client: plan.name }),
  });
  clients.push(client);
}

function askForToken({ name: client, tokenMs }: ClientPlan): Promise<string> {
  const ask = ++asked;
  tell({ kind: "ask", ask, client, tokenMs });
  return new Promise((resolve) => asking.set(ask, resolve));
}

async function report(stored: ReadonlyMap<string, readonly number[]>): Promise<void> {
  const faults = await Promise.all(clients.map((client) => client.faults(stored)));
  const readings = clients.reduce((sum, { count }) => sum + count, 0);
  await Promise.all(clients.map((client) => client.close()));
  tell({ kind: "report", readings, faults: faults.flat() });
}

function tell(news: ClientsNews): void {
  process.send?.(news);
}
