import { InputError } from "../input-error.ts";

/**
 * One argument or option: how it is written, what it is for, and how its texts become a value.
 *
 * Its name is the key under which a command lists it: the option `apiKeyFile` is written `--api-key-file`.
 */
export interface CommandParameter<Value> {
  /** What stands for the value in usage: `folder`; empty for a flag. */
  readonly placeholder: string;
  readonly help: string;
  readonly repeats: boolean;
  /** The value where nothing is given; `null` where something has to be. */
  readonly absent: { readonly value: Value } | null;
  /**
   * The value of what was given, which is one text or more.
   *
   * @param shown how the user writes the parameter, for errors
   */
  readonly read: (texts: readonly string[], shown: string) => Value;
}

export type CommandParameters = Readonly<Record<string, CommandParameter<unknown>>>;

/** What is read of each parameter, under the same names. */
export type CommandValues<P extends CommandParameters> = {
  readonly [Name in keyof P]: P[Name] extends CommandParameter<infer Value> ? Value : never;
};

/** Whether an option without a value is there. */
export function flag(help: string): CommandParameter<boolean> {
  return { placeholder: "", help, repeats: false, absent: { value: false }, read: () => true };
}

/** Text as it is given. */
export function text(placeholder: string, help: string): CommandParameter<string> {
  return single(placeholder, help, (given) => given);
}

/** A whole number from 1. */
export function count(placeholder: string, help: string): CommandParameter<number> {
  return single(placeholder, help, (given, shown) => {
    if (/^[1-9][0-9]{0,14}$/.test(given)) return Number(given);
    throw new InputError(`${shown}: expected a whole number from 1, got "${given}"`);
  });
}

/** A whole number from 0. */
export function natural(placeholder: string, help: string): CommandParameter<number> {
  return single(placeholder, help, (given, shown) => {
    if (/^(0|[1-9][0-9]{0,14})$/.test(given)) return Number(given);
    throw new InputError(`${shown}: expected a whole number from 0, got "${given}"`);
  });
}

/** A port to listen on, 0 for any that is free. */
export function portNumber(help: string): CommandParameter<number> {
  return single("port", `${help}; 0 for any that is free`, (given, shown) => {
    if (/^(0|[1-9][0-9]{0,4})$/.test(given) && Number(given) <= 65_535) return Number(given);
    throw new InputError(`${shown}: expected a port from 0 to 65535, got "${given}"`);
  });
}

/** A number from 0, such as 0.1. */
export function amount(placeholder: string, help: string): CommandParameter<number> {
  return single(placeholder, help, (given, shown) => {
    if (/^(\d{1,15}\.?\d{0,15}|\.\d{1,15})$/.test(given)) return Number(given);
    throw new InputError(`${shown}: expected a number from 0, got "${given}"`);
  });
}

/** One of several words. */
export function choice<Word extends string>(
  placeholder: string,
  help: string,
  words: readonly Word[],
): CommandParameter<Word> {
  return single(placeholder, `${help}: ${words.join(", ")}`, (given, shown) => {
    const found = words.find((word) => word === given);
    if (found !== undefined) return found;
    throw new InputError(`${shown}: expected one of ${words.join(", ")}, got "${given}"`);
  });
}

/** The same parameter, but repeated: every value in the order given, at least one. */
export function repeated<Value>(parameter: CommandParameter<Value>): CommandParameter<readonly Value[]> {
  const read = (given: readonly string[], shown: string) => given.map((each) => parameter.read([each], shown));
  return { ...parameter, repeats: true, absent: null, read };
}

/** The same parameter, but with a value where nothing is given. */
export function otherwise<Value, Absent>(
  parameter: CommandParameter<Value>,
  value: Absent,
): CommandParameter<Value | Absent> {
  return { ...parameter, absent: { value } };
}

function single<Value>(
  placeholder: string,
  help: string,
  readOne: (given: string, shown: string) => Value,
): CommandParameter<Value> {
  // Of an option that is given twice the last counts, so that a shell alias can be corrected.
  const read = (given: readonly string[], shown: string) => readOne(given.at(-1) ?? "", shown);
  return { placeholder, help, repeats: false, absent: null, read };
}
