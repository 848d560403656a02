/** An address may hold a password, which is nothing for an error or a log. */
export function withoutSecret(url: string): string {
  return url.replace(/\/\/[^/]*@/, "//");
}
