import { Argument, Command, CommanderError, Option } from "commander";
import { InputError } from "../input-error.ts";
import { temporaryFailure } from "../ranks/link.ts";
import { RankError } from "../ranks/rank-error.ts";
import type { Definition, Given } from "./definition.ts";
import type { CommandParameter } from "./parameter.ts";
import type { Terminal } from "./terminal.ts";

/**
 * Runs one command line against a list of commands.
 *
 * Errors leave as text on `err`: one line for the user's mistakes, with the stack for faults of the program.
 *
 * @param words what follows the program's name; without any, the help
 * @returns the exit status: 0 done, 1 found what it looks for, 2 wrong input or call, 70 a fault of the program
 */
export async function run(
  commands: readonly Definition[],
  words: readonly string[],
  terminal: Terminal,
): Promise<number> {
  let status = 0;
  const program = new Command("armature")
    .description("Trains, validates and serves flow-matching robot policies on mixtures of different robots.")
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ writeOut: (help) => terminal.out.write(help), writeErr: () => undefined })
    .addHelpText("after", "\nA command tells more about itself: armature COMMAND --help");
  for (const definition of commands)
    attach(program, definition, async (given, isJson) => {
      status = await finish(definition, given, isJson, terminal);
    });
  try {
    await program.parseAsync(words.length === 0 ? ["--help"] : words, { from: "user" });
    return status;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    terminal.err.write(`${explain(error)}\n`);
    return statusOf(error);
  }
}

/** Exit status of an error: 2 for the user's mistakes, 75 where ranks are lost and the job may be started again, else 70. */
export function statusOf(error: unknown): number {
  if (error instanceof RankError) return temporaryFailure;
  const isOfUser = error instanceof InputError || error instanceof CommanderError || closedPath(error) !== null;
  return isOfUser ? 2 : 70;
}

/** The file or folder to which this user has no access, where that is what an error says. */
function closedPath(error: unknown): string | null {
  if (!(error instanceof Error && "code" in error && error.code === "EACCES" && "path" in error)) return null;
  return String(error.path);
}

/** What to print of an error: one line for the user's mistakes and lost ranks, else all that is known. */
export function explain(error: unknown): string {
  if (error instanceof InputError || error instanceof RankError) return error.message.replace(/\s*\n\s*/g, " ");
  if (error instanceof CommanderError)
    return `${error.message.replace(/^error: /, "armature: ").replace(/\s*\n\s*/g, " ")}; see "armature --help"`;
  const closed = closedPath(error);
  if (closed !== null)
    return `${closed}: expected a file or folder with access for this user, got one without; change its permissions`;
  return error instanceof Error ? (error.stack ?? String(error)) : `armature: thrown: ${String(error)}`;
}

async function finish(definition: Definition, given: Given, isJson: boolean, terminal: Terminal): Promise<0 | 1> {
  const outcome = await definition.run(given, isJson ? { ...terminal, out: terminal.err } : terminal);
  if (isJson && outcome.json !== null) terminal.out.write(`${JSON.stringify(outcome.json)}\n`);
  if (!isJson && outcome.text !== "") terminal.out.write(`${outcome.text}\n`);
  return outcome.status;
}

function attach(
  program: Command,
  definition: Definition,
  action: (given: Given, isJson: boolean) => Promise<void>,
): void {
  const command = program.command(definition.name).description(definition.summary);
  for (const parameter of Object.values(definition.arguments)) command.addArgument(argument(parameter));
  for (const [name, parameter] of Object.entries(definition.options)) command.addOption(option(name, parameter));
  command.option("--json", "print one JSON object on standard output, everything else on standard error");
  const examples = definition.examples.map(({ line, shows }) => `  armature ${line}\n      ${shows}\n`);
  command.addHelpText("after", `\nExamples:\n${examples.join("")}`.trimEnd());
  command.action(async () => {
    const options = command.opts<Given>();
    const given: Record<string, unknown> = {};
    for (const [at, [name, parameter]] of Object.entries(definition.arguments).entries())
      given[name] = value(parameter, command.processedArgs[at], parameter.placeholder);
    for (const [name, parameter] of Object.entries(definition.options))
      given[name] = value(parameter, options[name], written(name));
    await action(given, options.json === true);
  });
}

function argument({ placeholder, help, repeats, absent }: CommandParameter<unknown>): Argument {
  const inside = repeats ? `${placeholder}...` : placeholder;
  return new Argument(absent === null ? `<${inside}>` : `[${inside}]`, help);
}

function option(name: string, parameter: CommandParameter<unknown>): Option {
  const { placeholder, help } = parameter;
  if (placeholder === "") return new Option(written(name), help);
  // Commander's own check for needed options would hide the misspelt one that was meant.
  return new Option(`${written(name)} <${placeholder}>`, `${help}${fallback(parameter)}`).argParser<string[]>(
    (text, before) => [...(before ?? []), text],
  );
}

function fallback({ absent }: CommandParameter<unknown>): string {
  if (absent === null) return " (needed)";
  return ["string", "number"].includes(typeof absent.value) ? ` (${absent.value} if not given)` : "";
}

/** The value of what commander collected: a text, texts, `true` for a flag, or nothing. */
function value(parameter: CommandParameter<unknown>, collected: unknown, shown: string): unknown {
  const texts = Array.isArray(collected) ? collected.map(String) : collected === undefined ? [] : [String(collected)];
  if (texts.length > 0) return parameter.read(texts, shown);
  if (parameter.absent !== null) return parameter.absent.value;
  throw new InputError(`${shown}: expected <${parameter.placeholder}>, got nothing; ${parameter.help}`);
}

/** `apiKeyFile` as it is typed: `--api-key-file`. */
function written(name: string): string {
  return `--${name.replace(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`)}`;
}
