import { defineGroup } from "./command.ts";
import { bench } from "./commands/bench.ts";
import { device } from "./commands/device.ts";
import { doctor } from "./commands/doctor.ts";
import { energy } from "./commands/energy.ts";
import { gateway } from "./commands/gateway.ts";
import { history } from "./commands/history.ts";
import { integration } from "./commands/integration.ts";
import { key } from "./commands/key.ts";
import { latest } from "./commands/latest.ts";
import { login } from "./commands/login.ts";
import { org } from "./commands/org.ts";
import { publish } from "./commands/publish.ts";
import { replay } from "./commands/replay.ts";
import { simulate } from "./commands/simulate.ts";
import { site } from "./commands/site.ts";
import { tail } from "./commands/tail.ts";
import { up } from "./commands/up.ts";
import { whoami } from "./commands/whoami.ts";

/** Every command, in the order in which somebody meets them. */
export const commands = defineGroup("A Novacore hub from the terminal and from scripts", {
  up,
  login,
  whoami,
  org,
  site,
  gateway,
  device,
  key,
  integration,
  tail,
  latest,
  history,
  energy,
  replay,
  publish,
  simulate,
  bench,
  doctor,
});
