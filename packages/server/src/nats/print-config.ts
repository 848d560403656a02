import { natsAccessConfig } from "./config-file.ts";
import { loadHubKeys } from "./hub-keys.ts";
import { natsVersionMin } from "./version.ts";

/**
 * What an operator adds to the configuration of their own nats-server or cluster (NATS_URL): the
 * accounts, the hub's users by their public keys and the auth callout. The keys are made in
 * `<dataDir>/nats/keys.json` if they are not there yet; every hub of one cluster needs a copy.
 */
export function operatedNatsConfig(dataDir: string): string {
  return `# nats-server ${natsVersionMin} or newer, for a hub with NATS_URL set. Beside this it needs:
# server_name, jetstream { store_dir, sync_interval: always }, and listeners for NATS, MQTT
# (mqtt { reject_qos2_publish: true }) and, for the hub alone, WebSocket (websocket {}, whose address
# is NATS_WEBSOCKET_URL), with TLS wherever they face a network.
# Restart the server to change it: a reload disconnects everybody and deletes retained messages.

${natsAccessConfig(loadHubKeys(dataDir))}`;
}
