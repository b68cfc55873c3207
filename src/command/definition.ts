import type { CommandParameters, CommandValues } from "./parameter.ts";
import type { Terminal } from "./terminal.ts";

/** What a command leaves behind. */
export interface CommandOutcome {
  /** 0: done; 1: the command found what it looks for (a leak, problems of a dataset, failed tests). */
  readonly status: 0 | 1;
  /** The one object that `--json` prints, its stable keys the command's promise to programs; `null` where another rank does. */
  readonly json: object | null;
  /** What a person reads at the end; empty where everything has been said. */
  readonly text: string;
}

/** Values by the names of their parameters. */
export type Given = Readonly<Record<string, unknown>>;

/** A command line that shows the use of a command: `inspect ../shared/data/real/pusht`, and what it is for. */
export interface CommandExample {
  readonly line: string;
  readonly shows: string;
}

/**
 * One command of the command line.
 *
 * What a command runs on is imported inside `run` (`await import(…)`), so that `--help` loads no engine.
 */
export interface Definition<
  A extends CommandParameters = CommandParameters,
  O extends CommandParameters = CommandParameters,
> {
  readonly name: string;
  readonly summary: string;
  /** In the order in which they are written; only the last may repeat. */
  readonly arguments: A;
  /** `--json` and `--help` come by themselves. */
  readonly options: O;
  readonly examples: readonly CommandExample[];
  /** @throws InputError for a mistake of the user's; every other error is a fault of the program */
  run(given: CommandValues<A> & CommandValues<O>, terminal: Terminal): Promise<CommandOutcome>;
}

/** The definition itself, with what `run` is given typed by its arguments and options. */
export function define<A extends CommandParameters, O extends CommandParameters>(
  definition: Definition<A, O>,
): Definition<A, O> {
  return definition;
}
