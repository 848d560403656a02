/**
 * A gateway's program, to be killed at any moment: publishes readings number `from` to before `to`,
 * as fast as they are spooled, prints the number behind the last one that is, and ends when the hub
 * has answered for all. Its options come as JSON on the first argument, its key in a file; its events go
 * to stderr.
 */
import { Gateway, GatewayKey } from "@novacore/client/gateway";

const given = JSON.parse(process.argv[2] ?? "");
const { from, to, baseMs, keyPath, hardwareId, der, ...options } = given;
/** Published together, so that a kill falls between the records of one write as well. */
const togetherMax = 5;

const gateway = await Gateway.open({ ...options, key: await GatewayKey.open(keyPath) });
gateway.onEvent((event) => process.stderr.write(`${JSON.stringify(event)}\n`));
for (let next = from; next < to; ) {
  const end = Math.min(to, next + togetherMax);
  const publications = Array.from({ length: end - next }, (_, index) =>
    gateway.publish({
      ...{ hardwareId, der },
      reading: { type: "meter", timestamp: baseMs + next + index, W: 1 },
    }),
  );
  const spooled = await Promise.all(publications.map((publication) => publication.spooled));
  if (!spooled.every((isSpooled) => isSpooled)) throw new Error("a reading was not spooled");
  next = end;
  process.stdout.write(`${next}\n`);
}
await gateway.drained();
await gateway.close();
