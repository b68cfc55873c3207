import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { InputError } from "../input-error.ts";
import type { ObservationKeys } from "../serving/protocol/keys.ts";
import type { LerobotOptions } from "../serving/protocol/options.ts";
import type { ServedRobot } from "../serving/robot.ts";

/**
 * Where messages hold what a robot perceives.
 *
 * @param name of ready keys, or a file
 * @throws InputError where it is neither
 */
export async function keysOf(name: string): Promise<(robot: ServedRobot) => ObservationKeys> {
  const { ownKeys, readyKeys } = await import("../serving/protocol/keys.ts");
  if (name === "own") return ownKeys;
  const ready = Object.entries(readyKeys).find(([known]) => known === name)?.[1];
  if (ready !== undefined) return () => ready;
  if (!existsSync(name))
    throw new InputError(`--keys: expected own, ${Object.keys(readyKeys).join(", ")} or a file, got "${name}"`);
  const keys = await keysIn(name);
  return () => keys;
}

/** What options say of LeRobot's own clients. */
export interface LerobotGiven {
  readonly port: number;
  readonly lerobotPort: number | null;
  readonly lerobotKeys: string | null;
}

/** How LeRobot's own clients are served; `undefined` where they are not. @throws InputError where the options do not go together */
export async function lerobotOf(given: LerobotGiven): Promise<LerobotOptions | undefined> {
  const { port: own, lerobotPort: port, lerobotKeys: file } = given;
  if (port === null && file !== null)
    throw new InputError("--lerobot-keys: expected --lerobot-port beside it, got none");
  if (port === null) return undefined;
  if (port === own && port !== 0)
    throw new InputError(`--lerobot-port: expected another port than --port, got ${port} for both`);
  if (file === null) return { port, keys: (await import("../serving/lerobot/fit.ts")).frameKeys };
  if (!existsSync(file)) throw new InputError(`--lerobot-keys: expected a file, got "${file}", which is not there`);
  const keys = await keysIn(file);
  return { port, keys: () => keys };
}

async function keysIn(path: string): Promise<ObservationKeys> {
  const { observationKeysSchema } = await import("../serving/protocol/keys.ts");
  const { parseInput } = await import("../parse-input.ts");
  return parseInput(path, observationKeysSchema, parsed(path, await readFile(path, "utf8")));
}

function parsed(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InputError(`${path}: expected JSON with state, pictures and prompt, got something else`);
  }
}
