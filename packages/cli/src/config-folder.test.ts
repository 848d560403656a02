import assert from "node:assert/strict";
import { test } from "node:test";
import { configFolder } from "./config-folder.ts";

test("the folder is XDG's where it is said, else the system's own", () => {
  const home = { HOME: "/home/ada" };
  assert.equal(configFolder({ ...home, XDG_CONFIG_HOME: "/x" }, "darwin"), "/x/novacore");
  assert.equal(configFolder(home, "linux"), "/home/ada/.config/novacore");
  assert.equal(configFolder(home, "darwin"), "/home/ada/Library/Application Support/novacore");
  assert.match(configFolder({ APPDATA: "/roaming" }, "win32"), /roaming.novacore$/);
});
