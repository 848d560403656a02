/** Serves this folder's page on http://127.0.0.1:8090 (or --port N) and nothing else. */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { parseArgs } from "node:util";

const { values } = parseArgs({ options: { port: { type: "string", default: "8090" } } });
const files = {
  "/": ["index.html", "text/html; charset=utf-8"],
  "/stream.js": ["stream.js", "text/javascript"],
};

const server = createServer(async (request, response) => {
  const file = Object.hasOwn(files, request.url) ? files[request.url] : undefined;
  if (file === undefined) {
    response.writeHead(404).end();
    return;
  }
  const [name, type] = file;
  const content = await readFile(new URL(name, import.meta.url));
  response.writeHead(200, { "content-type": type }).end(content);
});
server.listen(Number(values.port), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});
