import { basename, resolve } from "node:path";
import { InputError } from "../input-error.ts";
import { shortest } from "../shortest.ts";
import { define } from "./definition.ts";
import { importedDataFor } from "./imported-data.ts";
import { count, natural, otherwise, repeated, text } from "./parameter.ts";

export const importWeights = define({
  name: "import",
  summary: "make a run of another project's weights: what LeRobot, openpi, GR00T and OpenTau write, read as it is",
  arguments: { path: text("folder", "config.json, the weights in safetensors, and what normalises beside them") },
  options: {
    out: text("run", "folder of the run; new or empty"),
    data: otherwise(repeated(text("dataset", "a dataset of its robot, with which it validates and trains")), []),
    tokenizer: otherwise(
      text("folder", "with the tokenizer.json of the weights; without it the policy takes tokens, and no text"),
      null,
    ),
    actionTokenizer: otherwise(
      text(
        "folder",
        "with the tokenizer.json and processor_config.json of π0-FAST's actions, without which nobody reads them",
      ),
      null,
    ),
    headWidth: otherwise(
      count("width", "of a head of the language model and the expert, where it is not as published"),
      null,
    ),
    visionHeads: otherwise(count("heads", "of the image tower, where there are not as many as published"), null),
    featureHeadWidth: otherwise(
      count("width", "of a head of GR00T's layers over features, where it is not as published"),
      null,
    ),
    embodiment: otherwise(
      natural("number", "of GR00T's embodiments, with whose weights the robot begins, or of OpenTau's norm heads"),
      null,
    ),
    horizon: otherwise(
      count("steps", "of an action chunk, where no file says it, as in openpi's training folders"),
      null,
    ),
    camera: otherwise(repeated(text("name", "a camera, in the policy's order, where no file says it")), []),
  },
  examples: [
    {
      line: "import ../shared/data/reference/pi0 --out runs/pi0",
      shows: "a run that acts: rollout, serve, train --init",
    },
    {
      line: "import pi0_so101 --out runs/pi0 --data so101_pick --data so101_place",
      shows: "the same with its robot's datasets, so that validate, audit and train take it",
    },
  ],
  async run(asked, terminal) {
    const { importRun } = await import("../training/import-run.ts");
    const { nothingGiven } = await import("../checkpoint/import/foreign.ts");
    const { factsBeside } = await import("../checkpoint/import/given.ts");
    const path = resolve(asked.path);
    const folder = resolve(asked.out);
    const { headWidth, visionHeads, featureHeadWidth, embodiment, horizon } = asked;
    const cameras = asked.camera.length === 0 ? null : asked.camera;
    const own = { headWidth, visionHeads, featureHeadWidth, embodiment, horizon, cameras };
    const given = await factsBeside(path, { ...nothingGiven, ...own });
    const tokenizer = asked.tokenizer === null ? null : resolve(asked.tokenizer);
    const actionTokenizer = asked.actionTokenizer === null ? null : resolve(asked.actionTokenizer);
    const subject = { name: nameOf(path), datasets: asked.data, tokenizer, actionTokenizer };
    const recipeFor = importedDataFor(subject, terminal.err);
    const { recipe, parameters, unread, notes } = await importRun({ path, folder, given, recipeFor });
    for (const note of notes) terminal.err.write(`${note}\n`);
    return {
      status: 0,
      json: { run: folder, variant: recipe.policy.variant, parameters, unread, notes, recipe },
      text: [
        `${recipe.policy.variant}, ${parameters.toLocaleString("en")} weights: ${shortest(folder)}`,
        ...(unread.length === 0 ? [] : [`left behind, as no result depends on them: ${unread.join(", ")}`]),
      ].join("\n"),
    };
  },
});

/** A name for the run after the folder's. @throws InputError where it has neither letters nor digits */
function nameOf(path: string): string {
  const plain = basename(path)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");
  if (plain === "") throw new InputError(`${path}: expected a folder with letters or digits in its name`);
  return plain;
}
