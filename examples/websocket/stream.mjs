/** Prints the demo site's readings over a WebSocket and resumes: stream.mjs [--count N] */
import { existsSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";

const { values } = parseArgs({ options: { count: { type: "string" } } });
const dataDir =
  process.env.NOVACORE_DATA_DIR ?? new URL("../../.novacore", import.meta.url).pathname;
const retryMs = 1_000;

let left = Number(values.count ?? Number.POSITIVE_INFINITY);
let cursor;

while (left > 0) {
  const { code, reason } = await follow();
  if (left <= 0) break;
  if (code >= 4500) {
    console.error(`the hub closed the connection: ${code} ${reason}`);
    process.exit(1);
  }
  console.error("the connection is lost; trying again");
  await delay(retryMs);
}

/** One connection; resolves with its close. */
function follow() {
  const socket = new WebSocket(readDemo().ws_url, ["novacore.v1"]);
  const send = (frame) => socket.send(JSON.stringify(frame));
  return new Promise((resolve) => {
    let silence;
    let heartbeatMs = 15_000;
    const hear = () => {
      clearTimeout(silence);
      // A connection may break without a word: three missed heartbeats say so.
      silence = setTimeout(() => end({ code: 1006, reason: "silence" }), 3 * heartbeatMs);
    };
    const end = (close) => {
      clearTimeout(silence);
      socket.onmessage = null;
      socket.close();
      resolve(close);
    };
    socket.onclose = end;
    socket.onerror = () => undefined; // a close follows
    socket.onmessage = ({ data }) => {
      const frame = JSON.parse(data);
      hear();
      if (frame.op === "hello") heartbeatMs = frame.heartbeat_ms;
      answer(frame, send);
      if (left <= 0) end({ code: 1000, reason: "" });
    };
    hear();
  });
}

function answer(frame, send) {
  const { token, site_id } = readDemo();
  switch (frame.op) {
    case "hello":
      send({ op: "auth", token });
      send({ op: "subscribe", id: "home", sites: [site_id], ...(cursor && { cursor }) });
      break;
    case "subscribed":
      cursor = frame.cursor;
      break;
    case "reading": {
      cursor = frame.cursor;
      const { type, W, timestamp } = frame.reading;
      console.log(`${new Date(timestamp).toISOString()} ${type.padEnd(10)} ${W} W`);
      left -= 1;
      break;
    }
    case "token_expiring":
      send({ op: "refresh", token });
      break;
    case "reset":
      console.error(`readings may be missing: ${frame.reason}`);
      break;
    case "error":
      console.error(`${frame.code}: ${frame.message}`);
      break;
  }
}

/** Read again each time: the demo renews its token in the file. */
function readDemo() {
  const path = `${dataDir}/demo.json`;
  if (!existsSync(path)) {
    console.error(`There is no ${path}; start the hub with its demo first: npm start`);
    process.exit(1);
  }
  return JSON.parse(readFileSync(path, "utf8"));
}
