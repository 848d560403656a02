import { UsageError } from "./failure.ts";

/** One thing that a command line gives: how help names it, and what it is read into. */
export interface Field<T> {
  /** What stands for the value in help; undefined: a flag, which takes none. */
  readonly placeholder: string | undefined;
  readonly about: string;
  readonly isRequired: boolean;
  /** It may be given several times. */
  readonly isRepeatable: boolean;
  /** `name` is as people typed it, `given` what stood there. Throws UsageError. */
  read(name: string, given: readonly string[]): T;
}

export type Fields = Readonly<Record<string, Field<unknown>>>;

/** What the fields were read into, by their names. */
export type Given<F extends Fields> = {
  readonly [Name in keyof F]: F[Name] extends Field<infer T> ? T : never;
};

/** Turns text into a value; throws an Error whose message says what to give instead. */
export type Reader<T> = (text: string) => T;

export function flag(about: string): Field<boolean> {
  const read = (_name: string, given: readonly string[]) => given.length > 0;
  return { placeholder: undefined, about, isRequired: false, isRepeatable: false, read };
}

export function optional(placeholder: string, about: string): Field<string | undefined>;
export function optional<T>(
  placeholder: string,
  about: string,
  reader: Reader<T>,
): Field<T | undefined>;
export function optional<T>(placeholder: string, about: string, reader?: Reader<T>) {
  const read = (name: string, given: readonly string[]) => {
    const text = given.at(-1);
    return text === undefined ? undefined : readText(name, text, reader);
  };
  return { placeholder, about, isRequired: false, isRepeatable: false, read };
}

export function required(placeholder: string, about: string): Field<string>;
export function required<T>(placeholder: string, about: string, reader: Reader<T>): Field<T>;
export function required<T>(placeholder: string, about: string, reader?: Reader<T>) {
  const read = (name: string, given: readonly string[]) => {
    const text = given.at(-1);
    if (text === undefined) throw new UsageError(`${name} is missing: ${about}.`);
    return readText(name, text, reader);
  };
  return { placeholder, about, isRequired: true, isRepeatable: false, read };
}

/** Given several times, or once with commas; undefined: not at all. */
export function several(placeholder: string, about: string): Field<readonly string[] | undefined>;
export function several<T>(
  placeholder: string,
  about: string,
  reader: Reader<T>,
): Field<readonly T[] | undefined>;
export function several<T>(placeholder: string, about: string, reader?: Reader<T>) {
  const read = (name: string, given: readonly string[]) => {
    if (given.length === 0) return undefined;
    const texts = given.flatMap((text) => text.split(",")).map((text) => text.trim());
    return texts.filter((text) => text !== "").map((text) => readText(name, text, reader));
  };
  return { placeholder, about, isRequired: false, isRepeatable: true, read };
}

/** `orgId` is typed as `--org-id`. */
export function optionName(key: string): string {
  return `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function readText<T>(name: string, text: string, reader?: Reader<T>): T | string {
  if (text === "") throw new UsageError(`${name} is empty.`);
  if (reader === undefined) return text;
  try {
    return reader(text);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new UsageError(`${name} is "${text}"; ${error.message}`);
  }
}
