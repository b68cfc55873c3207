import { writeFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { cacheFolder } from "../cache-folder.ts";
import type { ConventionName } from "../checkpoint/convention-name.ts";
import { precisions } from "../graph/runtime/precision.ts";
import { InputError } from "../input-error.ts";
import type { WeightsValidation } from "../metric/group.ts";
import { groupsAsJson, validationAsJson } from "../objective/as-json.ts";
import type { World } from "../ranks/world.ts";
import type { Recipe } from "../recipe/schema.ts";
import { shortest } from "../shortest.ts";
import type { TrainResult } from "../training/record.ts";
import type { TrainWatcher } from "../training/watcher.ts";
import { allow } from "./allow.ts";
import { dataLine } from "./data-line.ts";
import { type CommandOutcome, define } from "./definition.ts";
import { deviceOption } from "./device.ts";
import { memoryLine, memoryOutcome } from "./memory-line.ts";
import { choice, count, flag, otherwise, repeated, text } from "./parameter.ts";
import { trainingRankNotes } from "./rank-notes.ts";
import { policySize, policyVariant } from "./recipe.ts";
import { shapeLine } from "./shape-line.ts";
import { watchStopSignals } from "./stop-signal.ts";
import { type SubjectChoice, subjectOf, type TrainingSubject } from "./subject.ts";
import type { Terminal } from "./terminal.ts";
import type { TrainingDisplay } from "./training-display.ts";
import { trainingDisplayFor } from "./training-display-for.ts";
import { TrainingLogs } from "./training-logs.ts";
import { improvementTable, validationTable } from "./validation-table.ts";
import { withWorld } from "./with-world.ts";

export const train = define({
  name: "train",
  summary: "train a policy on the datasets of a recipe, or on datasets as `recipe` would write one for them",
  arguments: {
    subjects: repeated(text("recipe|dataset", "a file that exports `recipe`, a run to continue, or datasets alone")),
  },
  options: {
    policy: otherwise(policyVariant, null),
    size: otherwise(policySize, null),
    set: otherwise(repeated(text("key=value", "replace one value of the recipe")), []),
    device: deviceOption,
    precision: otherwise(choice("precision", "in what gradients multiply matrices", precisions), null),
    steps: otherwise(count("steps", "stop at this step; the schedule keeps the recipe's length"), null),
    out: otherwise(text("run", "folder of the run; else runs/NAME-DATE-TIME"), null),
    resume: flag("continue the run that is given, or in --out, or the recipe's newest"),
    log: otherwise(choice("program", "write the run's curves for another program too", ["tensorboard"]), null),
    init: otherwise(
      text("run", "begin with the weights of another run, or of one of its checkpoints, and a new optimizer"),
      null,
    ),
    initBackbone: otherwise(
      repeated(
        text(
          "folder",
          "begin with the weights of a published language or vision model (SigLIP, Gemma, PaliGemma, SmolLM2, SmolVLM2)",
        ),
      ),
      [],
    ),
    allow,
  },
  examples: [
    { line: "train recipes/real-mixture.ts --steps 300", shows: "one policy on four real robots" },
    {
      line: "train ../shared/data/real/dobot_cr5 --steps 300",
      shows: "from a folder to a run: what was guessed is in its recipe.ts",
    },
    { line: "train recipes/real-mixture.ts --set batch.size=32 --out runs/wide", shows: "with another batch" },
    { line: "train recipes/real-mixture.ts --out runs/wide --resume", shows: "goes on from its last checkpoint" },
    {
      line: "train recipes/real-mixture.ts --precision bf16",
      shows: "gradients multiply bfloat16, by OpenVINO, on a processor that has it",
    },
    {
      line: "train recipes/real-mixture.ts --log tensorboard",
      shows: "its curves also in the run's folder tensorboard/: tensorboard --logdir runs",
    },
  ],
  run: (given, terminal) => withWorld((world) => trainOn(world, given, terminal)),
});

async function trainOn(world: World, given: Given, terminal: Terminal): Promise<CommandOutcome> {
  const { trainPolicy } = await import("../training/train.ts");
  const { unwatched } = await import("../training/watcher.ts");
  const { auditObserver } = await import("../audit/observer.ts");
  const { rolloutObserver } = await import("../serving/observer.ts");
  const start = startOf(given);
  const subject = await subjectOf(world, given, terminal);
  const recipe = await withSettings(subject.recipe, settingsOf(given));
  const folder = await runFolderOf(world, recipe, { ...given, recipe: subject.name });
  const until = given.steps ?? recipe.optimizer.steps;
  const display = trainingDisplayFor(
    {
      screen: terminal.err,
      total: until,
      batchSize: recipe.batch.size,
      now: () => performance.now(),
    },
    process.env,
  );
  const logs = new TrainingLogs({ run: folder, batchSize: recipe.batch.size, isAsked: given.log !== null });
  const isShown = world.rank === 0;
  if (isShown) for (const note of trainingRankNotes(world, recipe)) display.note(note);
  const stop = watchStopSignals(() => isShown && display.note("stopping after this step; once more stops at once"));
  const cache = cacheFolder("statistics");
  if (subject.table !== "") display.note(`${subject.table}\n`);
  const keep = await keeperOf(subject, recipe, folder);
  const shown = isShown ? watcherOf({ display, logs }, recipe, keep) : unwatched;
  const observers = [auditObserver(cache), rolloutObserver(display)];
  const watcher: TrainWatcher = { ...shown, isStopped: stop.isStopped, observers };
  try {
    const result = await trainPolicy({ recipe, folder, start, until, cache, world }, watcher);
    if (isShown) display.note(memoryOutcome(result.memory, recipe.device));
    if (isShown) display.finish();
    return { status: 0, json: { run: folder, ...jsonOf(recipe, world, result) }, text: textOf(folder, result) };
  } catch (error) {
    display.hide();
    throw error;
  } finally {
    logs.close();
    stop.forget();
  }
}

/** Writes a recipe that was written for datasets into the run, for people to read and to go on from. */
async function keeperOf({ notes }: TrainingSubject, recipe: Recipe, folder: string): Promise<() => void> {
  if (notes === null) return () => {};
  const { recipeSource } = await import("../recipe/suggest/typescript.ts");
  return () => writeFileSync(join(folder, "recipe.ts"), recipeSource(recipe, notes));
}

/** @param keep called once the run's folder is there */
function watcherOf(
  { display, logs }: { readonly display: TrainingDisplay; readonly logs: TrainingLogs },
  { data, batch, device }: Recipe,
  keep: () => void,
): Omit<TrainWatcher, "isStopped" | "observers"> {
  return {
    opened: (summaries, shapes, memory) => {
      for (const summary of summaries) display.note(dataLine(summary, data.actions));
      display.note(shapeLine(shapes, batch.shapes ?? "one"));
      display.note(memoryLine(memory, device));
    },
    note: (text) => display.note(text),
    begun: async (step) => {
      keep();
      const { logged, note } = await logs.begin();
      if (note !== null) display.note(note);
      for (const event of logged) display.logged(event);
      display.begun(step);
    },
    logged: (line) => {
      logs.append(line);
      display.logged(line);
    },
    stepped: (report) => display.stepped(report),
    validating: (samples, total) => display.validating(samples, total),
    validated: (step, validation) => display.validated(step, validation),
  };
}

/** What says where a run goes. */
export interface FolderChoice {
  readonly recipe: string;
  readonly out: string | null;
  readonly resume: boolean;
}

interface Given extends SubjectChoice, Omit<FolderChoice, "recipe"> {
  readonly set: readonly string[];
  readonly device: string | null;
  readonly precision: string | null;
  readonly log: string | null;
  readonly steps: number | null;
  readonly initBackbone: readonly string[];
  readonly allow: readonly ConventionName[];
}

/** `--device` and `--precision` are short ways to write `--set device=…` and `--set precision=…`. */
export function settingsOf({ set, device, precision = null }: MachineChoice): readonly string[] {
  const short = Object.entries({ device, precision }).flatMap(([key, value]) =>
    value === null ? [] : [`${key}=${value}`],
  );
  return [...set, ...short];
}

interface MachineChoice {
  readonly set: readonly string[];
  readonly device: string | null;
  readonly precision?: string | null;
}

/** A recipe with values replaced, whole again. */
export async function recipeOf(path: string, settings: readonly string[]): Promise<Recipe> {
  const { loadRecipe } = await import("../recipe/file.ts");
  return await withSettings(await loadRecipe(path), settings);
}

/** The recipe of a run, or of the run of a checkpoint, with values replaced. */
export async function runRecipeOf(path: string, settings: readonly string[]): Promise<Recipe> {
  const { readRunRecipe } = await import("../recipe/file.ts");
  const { runOf } = await import("../checkpoint/chosen.ts");
  return await withSettings(await readRunRecipe(runOf(path)), settings);
}

export async function withSettings(recipe: Recipe, settings: readonly string[]): Promise<Recipe> {
  const { fitsRecipe, parseRecipe } = await import("../recipe/file.ts");
  const { overrideWhereFits } = await import("../recipe/override.ts");
  return parseRecipe("--set", overrideWhereFits(recipe, settings, fitsRecipe));
}

/** The run's folder, which rank 0 names. */
export async function runFolderOf(world: World, recipe: Recipe, given: FolderChoice): Promise<string> {
  const own = world.rank === 0 ? await ownFolder(recipe, given) : "";
  return new TextDecoder().decode(await world.broadcast("folder of the run", new TextEncoder().encode(own)));
}

async function ownFolder(recipe: Recipe, given: FolderChoice): Promise<string> {
  const { newestRun, runName } = await import("../training/run-folder.ts");
  if (given.out !== null) return resolve(given.out);
  if (!given.resume) return resolve("runs", runName(recipe.name, new Date()));
  if ((await stat(given.recipe)).isDirectory()) return resolve(given.recipe);
  const newest = await newestRun(resolve("runs"), recipe.name);
  if (newest === null)
    throw new InputError(`--resume: expected a run of "${recipe.name}" in runs, got none; name one with --out`);
  return newest;
}

function startOf({ resume, init, initBackbone, allow: allowed }: Given) {
  if (resume && init !== null)
    throw new InputError("--resume --init: expected one of them; --resume continues a run, --init begins one");
  if (initBackbone.length > 0 && (resume || init !== null))
    throw new InputError(
      `--${resume ? "resume" : "init"} --init-backbone: expected one of them; a run that has weights has those of its backbone`,
    );
  if (resume) return { kind: "resume" } as const;
  if (init === null && allowed.length > 0)
    throw new InputError("--allow: expected --init with it, got weights of nobody else's conventions");
  if (initBackbone.length > 0) return { kind: "backbone", folders: initBackbone.map((one) => resolve(one)) } as const;
  if (init === null) return { kind: "new" } as const;
  return { kind: "init", from: resolve(init), allowed: new Set(allowed) } as const;
}

function jsonOf(recipe: Recipe, { size: ranks }: World, result: TrainResult) {
  const { state, seconds, waitedSeconds, loss, recent, validation, initialValidation, isInterrupted, stepsDone } =
    result;
  const samples = stepsDone * recipe.batch.size;
  return {
    step: state.step,
    seconds,
    samplesPerSecond: seconds > 0 ? samples / seconds : null,
    waitShare: seconds > 0 ? waitedSeconds / seconds : null,
    loss,
    lossByDataset: groupsAsJson(recent.groups),
    validation: validation && { ranks, ...validationAsJson(validation) },
    initialValidation: initialValidation && { ranks, ...validationAsJson(initialValidation) },
    isInterrupted,
    data: result.data,
    memory: result.memory,
  };
}

function textOf(folder: string, { state, isInterrupted, initialValidation, validation }: TrainResult): string {
  const end = isInterrupted ? `stopped at step ${state.step}; continue with --resume` : `trained to step ${state.step}`;
  return [...validationText(initialValidation, validation), `${end}: ${shortest(folder)}`].join("\n");
}

function validationText(first: WeightsValidation | null, last: WeightsValidation | null): string[] {
  if (first === null || last === null) return [];
  return [first === last ? validationTable(last) : improvementTable(first, last)];
}
