/** How many streams the hub counts as open, over all transports. */
export async function openStreams(url: string): Promise<number> {
  const response = await fetch(new URL("/metrics", url));
  const gauges = (await response.text()).matchAll(/^novacore_listeners\{[^}]*\} (\d+)$/gm);
  return gauges.reduce((sum, [, count]) => sum + Number(count), 0);
}

/** Asks until the hub counts so many, as it can only be asked about. */
export async function untilOpenStreams(url: string, wanted: number): Promise<void> {
  const giveUpAt = performance.now() + 60_000;
  let open = await openStreams(url);
  while (open !== wanted) {
    if (performance.now() > giveUpAt) throw new Error(`${open} streams are open, not ${wanted}`);
    open = await openStreams(url);
  }
}
