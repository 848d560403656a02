/** Loaded into the hub's process: stops it when the command is gone that has started it, however it went. */
process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
process.channel?.unref();
