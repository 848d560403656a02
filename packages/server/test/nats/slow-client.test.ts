import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { limits } from "../../src/limits.ts";
import { natsGateway } from "./clients.ts";
import { connectedUsers, rightPassword, runNats } from "./running-nats.ts";

test("a gateway that does not read is cut, and the others keep receiving", async (t) => {
  const running = await runNats(t);
  if (running === undefined) return;
  const { nats } = running;
  const subject = (serial: string) =>
    `gateways.${serial}.devices.d.ders.battery.control.ems.commands`;

  const slow = connectTcp(nats.ports.nats, "127.0.0.1");
  t.after(() => slow.destroy());
  const login = { verbose: false, user: "gw-slow", pass: rightPassword };
  slow.write(`CONNECT ${JSON.stringify(login)}\r\nSUB ${subject("gw-slow")} 1\r\nPING\r\n`);
  let said = "";
  while (!said.includes("PONG")) said += String((await once(slow, "data"))[0]);
  slow.pause();

  const quick = await natsGateway(t, nats, "gw-quick");
  const rounds = 100;
  const received = quick.subscribe(subject("gw-quick"), { max: rounds });
  await quick.flush();

  const hub = await running.connect("DEV");
  const payload = new Uint8Array(Math.ceil((limits.natsPendingBytesMax * 1.5) / rounds));
  for (let round = 0; round < rounds; round++) {
    hub.publish(subject("gw-slow"), payload);
    hub.publish(subject("gw-quick"), "go");
    await hub.flush();
  }
  let count = 0;
  for await (const message of received) count += message.string() === "go" ? 1 : 0;
  assert.equal(count, rounds);
  // Its end shows once the server's blocked write has run into its deadline; no event tells.
  let users = await connectedUsers(running);
  while (users.includes("gw-slow")) {
    await setTimeout(200);
    users = await connectedUsers(running);
  }
  assert.deepEqual(users, ["gw-quick"]);
});
