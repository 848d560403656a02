import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { freePort, type Processes } from "./processes.ts";

const modulePath = "/usr/lib/nginx/modules/ngx_nchan_module.so";

/** Whether this machine has nginx with Nchan (Debian: nginx-light, libnginx-mod-nchan). */
export function hasNchan(): boolean {
  return existsSync(modulePath) && existsSync("/usr/sbin/nginx");
}

/** nginx with Nchan alone: one process, memory store, its own folder, a free port. */
export async function startNchan(
  folder: string,
  processes: Processes,
): Promise<{ pid: number; port: number }> {
  await mkdir(folder, { recursive: true });
  const port = await freePort();
  const config = join(folder, "nginx.conf");
  await writeFile(config, nginxConfig(folder, port));
  const args = ["-p", folder, "-c", config, "-e", `${folder}/error.log`];
  return { pid: await processes.spawn("/usr/sbin/nginx", args, port), port };
}

/**
 * The same job as the hub's: the last two minutes kept for reconnects, a new listener gets what
 * comes from now on, a sign of life every 15 s. SSE events have ids; over WebSocket the messages are
 * the bare readings, without the envelope that would cost Nchan a little more. One process without
 * a master, so that its CPU time is all of the server's.
 */
function nginxConfig(folder: string, port: number): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `  ${name}_temp_path ${folder}/${name};`)
    .join("\n");
  return `
load_module ${modulePath};
daemon off;
master_process off;
worker_processes 1;
worker_rlimit_nofile 65536;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log warn;
events { worker_connections 32768; }
http {
  access_log off;
${temporary}
  keepalive_requests 100000000;
  nchan_max_reserved_memory 256M;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location ~ ^/stream/sites/([A-Za-z0-9-]+)$ {
      nchan_subscriber eventsource websocket;
      nchan_subscriber_first_message newest;
      nchan_channel_id $1;
      nchan_eventsource_ping_interval 15;
      nchan_websocket_ping_interval 15;
    }
    location ~ ^/publish/([A-Za-z0-9-]+)$ {
      nchan_publisher;
      nchan_channel_id $1;
      nchan_message_timeout 2m;
      nchan_message_buffer_length 1000;
    }
  }
}
`;
}

/** Posts messages over one kept connection, pipelined: the least that publishing can cost. */
export class NchanPublisher {
  readonly #socket: Socket;

  constructor(port: number) {
    this.#socket = connect(port, "127.0.0.1");
    this.#socket.resume();
  }

  publish(site: string, payloads: readonly string[]): void {
    const requests = payloads.map((payload) => {
      const length = Buffer.byteLength(payload);
      return `POST /publish/${site} HTTP/1.1\r\nHost: n\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n${payload}`;
    });
    this.#socket.write(requests.join(""));
  }

  close(): void {
    this.#socket.destroy();
  }
}
