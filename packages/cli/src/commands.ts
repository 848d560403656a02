import { defineGroup } from "./command.ts";
import { device } from "./commands/device.ts";
import { gateway } from "./commands/gateway.ts";
import { integration } from "./commands/integration.ts";
import { key } from "./commands/key.ts";
import { login } from "./commands/login.ts";
import { org } from "./commands/org.ts";
import { site } from "./commands/site.ts";
import { whoami } from "./commands/whoami.ts";

/** Every command, in the order in which somebody meets them. */
export const commands = defineGroup("A Novacore hub from the terminal and from scripts", {
  login,
  whoami,
  org,
  site,
  gateway,
  device,
  key,
  integration,
});
