/** Milliseconds of so few digits are of 1970, seconds of our days. */
const secondsPattern = /^\d{9,10}$/;

/** What is wrong with a number that looks like seconds where milliseconds are meant; undefined: it does not. */
export function secondsFault(text: string): string | undefined {
  if (!secondsPattern.test(text)) return undefined;
  const time = new Date(Number(text) * 1_000).toISOString();
  return `must be epoch milliseconds; ${text} looks like seconds, of ${time}`;
}
