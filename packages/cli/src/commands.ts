import { defineGroup } from "./command.ts";
import { login } from "./commands/login.ts";
import { org } from "./commands/org.ts";
import { whoami } from "./commands/whoami.ts";

/** Every command, in the order in which somebody meets them. */
export const commands = defineGroup("A Novacore hub from the terminal and from scripts", {
  login,
  whoami,
  org,
});
