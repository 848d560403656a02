/**
 * Messages a second of NATS over WebSocket through the realtime port, beside nats-server's own
 * listener in turn: a publisher and a subscriber in processes of their own, both on the same way in,
 * and the hub's port in a third, so that its CPU time is the tunnel's alone.
 *
 *   npm run bench:tunnel -- [messages=100000] [bytes=350] [rounds=15]
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { ClientOrder, Round } from "./tunnel/client.ts";
import type { PortReport } from "./tunnel/port.ts";
import { cpuSeconds, describeMachine, median } from "./whole/rig.ts";

const [messages = 100_000, bytes = 350, rounds = 15] = process.argv.slice(2).map(Number);

interface Measured {
  readonly seconds: number;
  readonly tunnelCpuS: number;
}

const port = forkBench("port.ts");
const clients = [forkBench("client.ts"), forkBench("client.ts")] as const;
try {
  await bench();
} finally {
  for (const client of clients) client.kill();
  port.kill();
  await once(port, "exit");
}

async function bench(): Promise<void> {
  const report: PortReport = await hear(port);
  const direct: number[] = [];
  const tunnelled: number[] = [];
  const cpuUsPerMegabyte: number[] = [];
  const megabytes = (messages * bytes) / 1e6;
  await measure(report, report.directUrl);
  await measure(report, report.tunnelUrl);
  for (let round = 1; round <= rounds; round++) {
    const plain = await measure(report, report.directUrl);
    const through = await measure(report, report.tunnelUrl);
    direct.push(messages / plain.seconds);
    tunnelled.push(messages / through.seconds);
    cpuUsPerMegabyte.push((through.tunnelCpuS / megabytes) * 1e6);
    const rates = `direct ${direct.at(-1)?.toFixed(0)}/s, tunnel ${tunnelled.at(-1)?.toFixed(0)}/s`;
    console.error(`round ${round} of ${rounds}: ${rates}`);
  }

  const ratio = median(tunnelled.map((rate, index) => rate / (direct[index] ?? Number.NaN)));
  console.log(`machine    ${describeMachine()}, ${messages} messages of ${bytes} bytes`);
  console.log(`direct     ${described(median(direct))}, median of ${rounds}`);
  console.log(`tunnel     ${described(median(tunnelled))}, median of ${rounds}`);
  console.log(`ratio      ${ratio.toFixed(2)}, median of the rounds' (target 0.70)`);
  const cpu = median(cpuUsPerMegabyte);
  console.log(`tunnel CPU ${(cpu / 1000).toFixed(2)} ms a MB of payload, in and out`);
}

function described(rate: number): string {
  return `${rate.toFixed(0)} messages/s, ${((rate * bytes) / 1e6).toFixed(1)} MB/s`;
}

async function measure({ dataDir, pid }: PortReport, url: string): Promise<Measured> {
  const [publisher, subscriber] = clients;
  const order = { url, dataDir, messages, bytes };
  await ask(subscriber, { ...order, role: "subscribe" });
  const before = cpuSeconds(pid);
  const received = hear<Round>(subscriber);
  const published = await ask<Round>(publisher, { ...order, role: "publish" });
  const { atMs } = await received;
  return { seconds: (atMs - published.atMs) / 1000, tunnelCpuS: cpuSeconds(pid) - before };
}

function ask<T>(child: ChildProcess, order: ClientOrder): Promise<T> {
  const answer = hear<T>(child);
  child.send(order);
  return answer;
}

function hear<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error(`${child.spawnargs.at(-1)} ended`));
    child.once("exit", ended);
    child.once("message", (message: T) => {
      child.off("exit", ended);
      resolve(message);
    });
  });
}

function forkBench(file: string): ChildProcess {
  return fork(join(import.meta.dirname, "tunnel", file), { execArgv: [] });
}
