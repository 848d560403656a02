import { killNats } from "../kill-nats.ts";
import type { Day } from "./day.ts";

/** Something that goes wrong. Resolves when it is over, which is not when everybody is back. */
export interface Trouble {
  readonly name: string;
  befall(day: Day): Promise<void>;
}

export interface TroublesOptions {
  /** How long what lasts does last: until so many readings of each DER were acknowledged. */
  readonly readings: number;
  readonly blockMs: number;
}

/** Every kind of trouble. */
export function createTroubles({ readings, blockMs }: TroublesOptions): readonly Trouble[] {
  const lasting = (name: string, begin: (day: Day) => void, end: (day: Day) => void): Trouble => ({
    name,
    async befall(day) {
      begin(day);
      try {
        await day.traffic(readings);
      } finally {
        end(day);
      }
    },
  });
  return [
    {
      name: "the hub is killed",
      async befall({ hub }) {
        await hub.kill();
        await hub.start();
      },
    },
    { name: "nats-server is killed", befall: ({ hub }) => killNats(hub) },
    lasting(
      "the network stands still",
      ({ proxies }) => each(proxies, (proxy) => proxy.freeze()),
      ({ proxies }) => each(proxies, (proxy) => proxy.thaw()),
    ),
    lasting(
      "the network is cut",
      ({ proxies }) => each(proxies, (proxy) => proxy.cut()),
      ({ proxies }) => each(proxies, (proxy) => proxy.restore()),
    ),
    lasting(
      "machines sleep",
      ({ groups }) => each(groups, (group) => group.sleep()),
      ({ groups }) => each(groups, (group) => group.wake()),
    ),
    lasting(
      "clocks are set ahead, and then behind the true time",
      ({ groups }) => each(groups, (group) => group.jump(6 * hourMs)),
      ({ groups }) => each(groups, (group) => group.jump(-9 * hourMs)),
    ),
    lasting(
      "programs hang",
      ({ groups }) => each(groups, (group) => group.block(blockMs)),
      () => undefined,
    ),
    { name: "tokens end", befall: (day) => day.renewals() },
  ];
}

const hourMs = 3_600_000;

function each<T>(items: readonly T[], call: (item: T) => void): void {
  for (const item of items) call(item);
}
