import { existsSync } from "node:fs";
import { InputError } from "../input-error.ts";
import type { CommandOutcome } from "./definition.ts";
import type { Terminal } from "./terminal.ts";

/** What a module of `bench/` or `tools/` does for the command that loads it. */
export interface Tool<Given> {
  run(given: Given, terminal: Terminal): Promise<CommandOutcome>;
}

/**
 * A tool of developers, which a clone of the repository has and an installed package has not.
 *
 * No import names it, so that the product compiles without its tools; `armature check` knows which command may load which.
 *
 * @param path from this folder
 * @throws InputError where it is not there
 */
export async function loadTool<Given>(path: string, command: string): Promise<Tool<Given>> {
  const place = new URL(path, import.meta.url);
  if (existsSync(place)) return await import(place.href);
  throw new InputError(
    `${command}: expected a clone of the repository, which this command is for, got an installed package`,
  );
}
