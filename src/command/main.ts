import { bench } from "./bench.ts";
import { check } from "./check.ts";
import { commands } from "./commands.ts";
import { mutate } from "./mutate.ts";
import { parity } from "./parity.ts";
import { properties } from "./properties.ts";
import { start } from "./start.ts";
import { stryker } from "./stryker.ts";
import { test } from "./test.ts";

// In a clone: what the package offers, and what works on the sources, their tests and their recipes.
await start([...commands, bench, test, check, mutate, stryker, parity, properties]);
