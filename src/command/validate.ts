import { resolve } from "node:path";
import { cacheFolder } from "../cache-folder.ts";
import type { ConventionName } from "../checkpoint/convention-name.ts";
import type { World } from "../ranks/world.ts";
import { actionErrorTable } from "./action-error-table.ts";
import { allow } from "./allow.ts";
import { type CommandOutcome, define } from "./definition.ts";
import { deviceOption } from "./device.ts";
import { natural, otherwise, repeated, text } from "./parameter.ts";
import { rankNotes } from "./rank-notes.ts";
import { runArgument } from "./run-argument.ts";
import type { Terminal } from "./terminal.ts";
import { validationTable } from "./validation-table.ts";
import { watched } from "./watched.ts";
import { withWorld } from "./with-world.ts";

export const validate = define({
  name: "validate",
  summary: "losses and errors of actions of a run on held-out episodes, by dataset and control mode",
  arguments: { run: runArgument },
  options: {
    set: otherwise(repeated(text("key=value", "replace one value of the run's recipe")), []),
    device: deviceOption,
    allow,
    actionSamples: otherwise(natural("samples", "sample actions of this many held-out frames of each dataset"), 32),
  },
  examples: [
    { line: "validate runs/real-mixture-20260131-120000", shows: "the table that training printed at that step" },
    { line: "validate runs/wide/checkpoints/000200", shows: "an earlier checkpoint of the run, if it was kept" },
    { line: "validate runs/wide --json --set batch.size=8", shows: "the same numbers, to the bit" },
  ],
  run: (given, terminal) => withWorld((world) => validateOn(world, given, terminal)),
});

interface Given {
  readonly run: string;
  readonly set: readonly string[];
  readonly device: string | null;
  readonly allow: readonly ConventionName[];
  readonly actionSamples: number;
}

async function validateOn(world: World, given: Given, terminal: Terminal): Promise<CommandOutcome> {
  const { validateRun } = await import("../training/validate-run.ts");
  const { validationAsJson } = await import("../objective/as-json.ts");
  const { runRecipeOf, settingsOf } = await import("./train.ts");
  const folder = resolve(given.run);
  const recipe = await runRecipeOf(folder, settingsOf(given));
  if (world.rank === 0) for (const note of rankNotes(world, recipe)) terminal.err.write(`${note}\n`);
  const began = performance.now();
  const cache = cacheFolder("statistics");
  const allowed = new Set(given.allow);
  const request = { folder, recipe, cache, actionSamples: given.actionSamples, allowed, world };
  const job = (seen: (done: number, total: number) => void) => validateRun(request, seen);
  const { step, validation, actionErrors, notes } =
    world.rank > 0
      ? await job(() => {})
      : await watched({ screen: terminal.err, label: "validate", unit: "sample" }, job);
  const seconds = (performance.now() - began) / 1000;
  if (world.rank === 0) for (const note of notes) terminal.err.write(`${note}\n`);
  return {
    status: 0,
    json: { step, ranks: world.size, seconds, ...validationAsJson(validation), actionErrors },
    text: [`step ${step}`, validationTable(validation), ...actionErrorTable(actionErrors)].join("\n"),
  };
}
