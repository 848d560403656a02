import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { createConnection, createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** Child processes that end together. */
export class Processes {
  readonly #children: ChildProcess[] = [];

  /** Starts a program that listens on `port`; resolves once it does. */
  async spawn(command: string, args: readonly string[], port: number): Promise<number> {
    const child = spawn(command, args, { stdio: ["ignore", "ignore", "inherit"] });
    this.#children.push(child);
    await untilListening(port);
    return child.pid ?? 0;
  }

  /** Starts a module beside this one, which tells the port that it listens on. */
  async fork(module: string, args: readonly string[]): Promise<{ pid: number; port: number }> {
    const child = fork(new URL(module, import.meta.url), [...args], { execArgv: [] });
    this.#children.push(child);
    const [message]: { port: number }[] = await once(child, "message");
    return { pid: child.pid ?? 0, port: message?.port ?? 0 };
  }

  stop(): void {
    for (const child of this.#children.splice(0)) child.kill();
  }
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}

async function untilListening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const probe = createConnection(port, "127.0.0.1");
    const isOpen = await once(probe, "connect").then(
      () => true,
      () => false,
    );
    probe.destroy();
    if (isOpen) return;
    await delay(50);
  }
  throw new Error(`nothing listens on port ${port}`);
}
