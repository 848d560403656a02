/**
 * Preloaded into a program that a script started in a process group of its own: asks it to stop
 * when the script is gone without having said so (kill -9, a closed terminal), so nothing is left.
 */
if (process.channel) {
  process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
  process.channel.unref(); // watching must not keep a finished program alive
}
