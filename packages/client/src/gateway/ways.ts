import { Provided } from "../credentials.ts";
import { Rest } from "../rest.ts";
import type { Rejection } from "./delivery.ts";
import { createHttpUplink } from "./http-uplink.ts";
import type { HubClock } from "./hub-clock.ts";
import type { GatewayIdentity } from "./identity.ts";
import { createMqttUplink } from "./mqtt-uplink.ts";
import { createNatsUplink } from "./nats-uplink.ts";
import { defaultRejectionsEveryMs, type GatewayOptions } from "./options.ts";
import { RejectionWatch } from "./rejection-watch.ts";
import type { Uplink, UplinkConnection } from "./uplink.ts";
import { createUpload } from "./upload.ts";

export interface WaysOptions {
  readonly options: GatewayOptions;
  readonly identity: GatewayIdentity;
  readonly clock: HubClock;
  readonly connectMs: number;
  /** Of readings that have had another verdict before. */
  readonly onRejection: (rejection: Rejection) => void;
  /** Ends what looks for them. */
  readonly signal: AbortSignal;
}

export interface Ways {
  readonly uplink: Uplink;
  /** For what the uplink does not take. */
  readonly upload: UplinkConnection["send"];
}

/** The ways to the hub that the options ask for, by one login. */
export function openWays(given: WaysOptions): Ways {
  const { options, identity, clock, connectMs } = given;
  const { serial } = identity;
  const now = () => clock.now();
  const password = () => identity.loginJwt(now());
  const credentials = new Provided(async () => ({
    credential: { kind: "token", token: password() },
    goodForMs: tokenMs,
  }));
  const rest = new Rest(options.baseUrl, credentials);
  const upload = createUpload(rest, serial);
  switch (options.via) {
    case "http":
      return { upload, uplink: createHttpUplink(rest, serial) };
    case "mqtt": {
      const { mqttUrl: url } = options;
      const { rejectionsEveryMs: everyMs = defaultRejectionsEveryMs } = options;
      const { onRejection, signal } = given;
      const rejections = new RejectionWatch({ rest, serial, everyMs, onRejection, signal });
      const login = { url, serial, password, connectMs };
      return { upload, uplink: createMqttUplink({ ...login, now, rejections }) };
    }
    case "nats": {
      const { natsUrl: url } = options;
      return { upload, uplink: createNatsUplink({ url, serial, password, connectMs }) };
    }
  }
}

/** Half of what a login is good for. */
const tokenMs = 300_000;
