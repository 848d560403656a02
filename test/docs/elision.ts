/**
 * Examples leave out what differs from run to run: `…` in a text stands for any text, as a value for
 * any value, as the last member or element for any others. `{{name}}` that nobody has given a value
 * takes the one that is found, and keeps it.
 */
export class Values {
  readonly #values: Map<string, string>;

  constructor(values: Readonly<Record<string, string>>) {
    this.#values = new Map(Object.entries(values));
  }

  /** Puts the values in; throws for a name that has none. */
  fill(text: string): string {
    return text.replaceAll(namePattern, (_, name: string) => {
      const value = this.#values.get(name);
      if (value === undefined) throw new Error(`nothing gives {{${name}}} a value`);
      return value;
    });
  }

  get(name: string): string {
    return this.fill(`{{${name}}}`);
  }

  /** Whether a line is what the example says; values it finds are kept when it is. */
  matchesText(expected: string, actual: string): boolean {
    return this.#keeping((found) => isText(expected, actual, found));
  }

  /** The same for JSON. */
  matchesJson(expected: string, actual: unknown): boolean {
    return this.#keeping((found) => {
      const filled = expected.replaceAll(namePattern, (whole, name) => found.get(name) ?? whole);
      return isValue(parseElided(filled), actual, found);
    });
  }

  #keeping(match: (found: Map<string, string>) => boolean): boolean {
    const found = new Map(this.#values);
    const isMatch = match(found);
    if (isMatch) for (const [name, value] of found) this.#values.set(name, value);
    return isMatch;
  }
}

const namePattern = /\{\{(\w+)\}\}/g;
const any = "…";

function parseElided(text: string): unknown {
  const json = text.replaceAll(/"(?:[^"\\]|\\.)*"|([:,[{])?…(?=(.))/g, (whole, before, after) => {
    if (whole.startsWith('"')) return whole;
    const isMember = after === "}" && before !== ":";
    return `${before ?? ""}"${any}"${isMember ? ":null" : ""}`;
  });
  return JSON.parse(json);
}

function isValue(expected: unknown, actual: unknown, found: Map<string, string>): boolean {
  if (expected === any) return true;
  if (typeof expected === "string") {
    return typeof actual === "string" && isText(expected, actual, found);
  }
  if (Array.isArray(expected)) return Array.isArray(actual) && isArray(expected, actual, found);
  if (typeof expected !== "object" || expected === null) return expected === actual;
  if (typeof actual !== "object" || actual === null || Array.isArray(actual)) return false;
  return isObject({ ...expected }, { ...actual }, found);
}

function isArray(
  expected: readonly unknown[],
  actual: readonly unknown[],
  found: Map<string, string>,
): boolean {
  const isOpen = expected.at(-1) === any;
  const named = isOpen ? expected.slice(0, -1) : expected;
  if (isOpen ? actual.length < named.length : actual.length !== named.length) return false;
  return named.every((value, index) => isValue(value, actual[index], found));
}

function isObject(
  expected: Readonly<Record<string, unknown>>,
  actual: Readonly<Record<string, unknown>>,
  found: Map<string, string>,
): boolean {
  const { [any]: _rest, ...named } = expected;
  const isWhole =
    Object.hasOwn(expected, any) || Object.keys(actual).every((name) => name in named);
  if (!isWhole) return false;
  return Object.entries(named).every(
    ([name, value]) => name in actual && isValue(value, actual[name], found),
  );
}

function isText(expected: string, actual: string, found: Map<string, string>): boolean {
  const names: string[] = [];
  const pattern = expected
    .split(/(…|\{\{\w+\}\})/)
    .map((part) => {
      if (part === any) return ".*";
      const name = /^\{\{(\w+)\}\}$/.exec(part)?.[1];
      if (name === undefined) return RegExp.escape(part);
      const known = found.get(name);
      if (known !== undefined) return RegExp.escape(known);
      names.push(name);
      return "(.+)";
    })
    .join("");
  const match = new RegExp(`^${pattern}$`, "s").exec(actual);
  if (match === null) return false;
  for (const [index, name] of names.entries()) found.set(name, match[index + 1] ?? "");
  return true;
}
