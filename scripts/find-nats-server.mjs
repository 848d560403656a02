/** Prints the path of a verified nats-server: progress on stderr, the path alone on stdout. */
import { findNatsServer } from "../packages/server/src/nats/binary.ts";

const [dataDir] = process.argv.slice(2);
try {
  const path = await findNatsServer({
    dataDir,
    explicit: process.env.NOVACORE_NATS_SERVER || undefined,
    onProgress: (line) => console.error(line),
  });
  process.stdout.write(`${path}\n`);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
