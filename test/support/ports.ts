import { createServer, type Server } from "node:net";

/**
 * Below the ports that a system hands out by itself, to listeners on port 0 and to outgoing
 * connections: from among those, one that was free may be gone when a killed server comes back.
 */
const range = { first: 10_000, end: 32_000 } as const;
const blockSize = 8;

/** The claims of this process, by which no other test process takes the same ports. */
const claims: Server[] = [];
const unused: number[] = [];

/**
 * `count` different ports of 127.0.0.1 that are this process's until it ends: nobody listens there,
 * and no other test will, so a server may be killed and started again on them.
 */
export async function takePorts(count: number): Promise<number[]> {
  while (unused.length < count) unused.push(...(await takeBlock()));
  return unused.splice(0, count);
}

export async function takePort(): Promise<number> {
  const [port] = await takePorts(1);
  if (port === undefined) throw new Error("no port was taken");
  return port;
}

/** The first port of a block is listened on, as the claim to the others. */
async function takeBlock(): Promise<number[]> {
  const blocks = Math.floor((range.end - range.first) / blockSize);
  const start = Math.floor(Math.random() * blocks);
  for (let tried = 0; tried < blocks; tried++) {
    const first = range.first + ((start + tried) % blocks) * blockSize;
    const claim = await listen(first);
    if (claim === undefined) continue;
    const ports = Array.from({ length: blockSize - 1 }, (_, index) => first + 1 + index);
    if (await areFree(ports)) {
      claims.push(claim.unref());
      return ports;
    }
    claim.close();
  }
  throw new Error(`no free ports from ${range.first} to ${range.end - 1}`);
}

async function areFree(ports: readonly number[]): Promise<boolean> {
  const servers = await Promise.all(ports.map(listen));
  await Promise.all(
    servers.map((server) => new Promise((resolve) => server?.close(resolve) ?? resolve(undefined))),
  );
  return servers.every((server) => server !== undefined);
}

/** Undefined when somebody else listens there. */
function listen(port: number): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "EADDRINUSE" ? resolve(undefined) : reject(error),
    );
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => resolve(server));
  });
}
