import { check } from "./check.ts";
import type { Definition } from "./definition.ts";
import { inspect } from "./inspect.ts";
import { test } from "./test.ts";

/** Every command that works, in the order in which `--help` lists them. */
export const commands: readonly Definition[] = [inspect, check, test];
