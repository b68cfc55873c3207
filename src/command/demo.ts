import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { cacheFolder } from "../cache-folder.ts";
import type { DemoStory, Played, ValidatedStep } from "../dashboard/demo-story.ts";
import type { DemoDisplay } from "../demo/phases.ts";
import { type Precision, precisions } from "../graph/runtime/precision.ts";
import { InputError } from "../input-error.ts";
import { validationAsJson } from "../objective/as-json.ts";
import { ownRecipe } from "../own-package.ts";
import type { Recipe } from "../recipe/schema.ts";
import { shortest } from "../shortest.ts";
import { type CommandOutcome, define } from "./definition.ts";
import { choice, count, flag, otherwise, text } from "./parameter.ts";
import { Progress } from "./progress.ts";
import { watchStopSignals } from "./stop-signal.ts";
import type { Screen, Terminal } from "./terminal.ts";
import { trainingDisplayFor } from "./training-display-for.ts";

export const demo = define({
  name: "demo",
  summary: "simulate three robots, record their experts, train one policy on all, and let it act",
  arguments: {},
  options: {
    out: otherwise(
      text("folder", "a new or empty folder for data, run, films and report; else runs/demo-DATE-TIME"),
      null,
    ),
    sees: flag("the goal is in the pictures and not in the state: recipes/demo-sees.ts"),
    episodes: otherwise(count("count", "recorded of each robot; else 250, or 600 of robots that see"), null),
    steps: otherwise(count("steps", "of training; else as its recipe has it"), null),
    precision: otherwise(choice("precision", "in what gradients multiply matrices", precisions), null),
    starts: otherwise(count("count", "rollouts of each robot, before training and after"), 100),
  },
  examples: [
    { line: "demo", shows: "minutes on two cores; nothing has to be there before" },
    {
      line: "demo --sees",
      shows: "the same with cameras: longer, and the pusher succeeds in one of three starts",
    },
    { line: "demo --sees --precision bf16", shows: "sooner, on a processor that multiplies in bfloat16" },
    { line: "demo --steps 300 --episodes 50 --starts 20", shows: "a quick look, at what little it learns so soon" },
    { line: "demo --out runs/first --json", shows: "what was found, for programs" },
  ],
  async run(given, terminal) {
    if (given.episodes !== null && given.episodes < 2)
      throw new InputError(`--episodes: expected 2 or more, some of which are held out, got ${given.episodes}`);
    const { runName } = await import("../training/run-folder.ts");
    const { makeEmptyFolder } = await import("../demo/empty-folder.ts");
    const { StoppedError } = await import("../demo/phases.ts");
    const folder = given.out === null ? resolve("runs", runName("demo", new Date())) : resolve(given.out);
    await makeEmptyFolder(folder);
    const stop = watchStopSignals(() => terminal.err.write("\nstopping; once more stops at once\n"));
    try {
      return await play(given, folder, stop.isStopped, terminal);
    } catch (error) {
      if (!(error instanceof StoppedError)) throw error;
      const message = `${error.message}; what was made is in ${shortest(folder)}`;
      return { status: 0, json: { folder, isInterrupted: true }, text: message };
    } finally {
      stop.forget();
    }
  },
});

interface Given {
  readonly sees: boolean;
  readonly episodes: number | null;
  readonly steps: number | null;
  readonly precision: Precision | null;
  readonly starts: number;
}

async function play(
  given: Given,
  folder: string,
  isStopped: () => boolean,
  terminal: Terminal,
): Promise<CommandOutcome> {
  const { Phases } = await import("../demo/phases.ts");
  const { playDemo } = await import("../demo/play-demo.ts");
  const { demoPage } = await import("./demo-page.ts");
  const { demoReport } = await import("../dashboard/report/demo-report.ts");
  const { emptyReport, reportDocument } = await import("../dashboard/report/report-file.ts");
  const { sees, starts } = given;
  const episodes = given.episodes ?? (sees ? 600 : 250);
  const recipe = await recipeIn(folder, sees ? "demo-sees" : "demo", given);
  const cache = cacheFolder("statistics");
  const empty = await emptyReport(() => terminal.err.write("building the page (once)\n"));
  const phases = new Phases(displayOn(terminal.err, recipe), isStopped);
  const played = await playDemo({ recipe, folder, episodes, starts, cache }, phases);
  const story = { ...played, run: shortest(played.run) };
  const report = join(folder, "report.html");
  await writeFile(report, reportDocument(empty, demoReport(story)));
  const shown = `The same with curves, padding and films: ${shortest(report)}`;
  return {
    status: story.audit.clean ? 0 : 1,
    json: jsonOf(story, folder, report),
    text: `${demoPage(story)}\n\n${shown}`,
  };
}

function displayOn(screen: Screen, { batch }: Recipe): DemoDisplay {
  const now = () => performance.now();
  return {
    bar: (label, unit, total) => new Progress({ screen, label, unit, total, done: 0, now }),
    training: (total) => trainingDisplayFor({ screen, total, batchSize: batch.size, now }, process.env),
  };
}

/** A demo's recipe on what is recorded in a folder. */
async function recipeIn(
  folder: string,
  name: "demo" | "demo-sees",
  { steps, precision }: Pick<Given, "steps" | "precision">,
): Promise<Recipe> {
  const { loadRecipe, parseRecipe } = await import("../recipe/file.ts");
  const own = await loadRecipe(ownRecipe(name));
  const { optimizer } = own;
  // A short training warms up for as small a share of it.
  const shorter = steps === null ? {} : { steps, warmup: Math.min(optimizer.warmup, Math.floor(steps / 10)) };
  const data = { ...own.data, root: join(folder, "data") };
  const how = precision === null ? {} : { precision };
  return parseRecipe(name, { ...own, ...how, data, optimizer: { ...optimizer, ...shorter } });
}

function jsonOf(story: DemoStory, folder: string, report: string): object {
  const { robots, validations, phases, seconds, starts, audit } = story;
  return {
    run: join(folder, "run"),
    report,
    seconds,
    phases,
    recordings: robots.map(({ name, episodes, frames }) => ({ robot: name, episodes, frames })),
    initialValidation: asJson(validations[0]),
    validation: asJson(validations.at(-1)),
    audit,
    rollouts: robots.map(({ name, trained, untrained }) => ({
      robot: name,
      episodes: starts,
      ...scored(trained),
      untrained: scored(untrained),
    })),
    isInterrupted: false,
  };
}

function asJson(step: ValidatedStep | undefined) {
  return step === undefined ? null : validationAsJson(step.validation);
}

function scored({ successes, score }: Played): object {
  return { successes, ...score };
}
