/** Prints the organization's readings as they are stored: live.ts [--count N] */
import { parseArgs } from "node:util";
import { backEnd, connectBackEnd, printReading } from "./back-end.ts";

const { values } = parseArgs({ options: { count: { type: "string" } } });
const count = values.count === undefined ? {} : { max: Number(values.count) };

const connection = await connectBackEnd();
const subject = `orgs.${backEnd.org_id}.sites.*.devices.*.ders.*.telemetry.json.v1`;
for await (const message of connection.subscribe(subject, count)) printReading(message);
await connection.close();
