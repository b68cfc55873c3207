import { join } from "node:path";
import { soundConventions } from "../../../src/checkpoint/conventions.ts";
import { asFound } from "../../../src/embodiment/mapping.ts";
import type { Recipe, RecipeDataset } from "../../../src/recipe/schema.ts";
import { findRobot } from "../../../src/simulation/robots.ts";
import { recipe as demo } from "../../demo.ts";
import { recipe as realMixture } from "../../real-mixture.ts";
import { recipe as seeing } from "../../seeing.ts";
import { cells, type Job, type RobotName, recorded, robotNames, type Study, studies } from "./design.ts";

/**
 * What a run trains on and how: a recipe of the project's, but for the conventions of its cell.
 *
 * @param data folder of the recordings
 */
export function recipeOf({ study: name, cell, seed }: Job, data: string): Recipe {
  const study: Study = studies[name];
  const shared = { seed, threads: 1, conventions: { ...soundConventions, ...cells[cell] } };
  switch (study.data) {
    case "states":
      return { ...statesRecipe(recordingFolder(data, study), study), ...shared };
    case "pictures":
      return { ...seeing, ...shared, data: { ...seeing.data, root: recordingFolder(data, study) } };
    case "real":
      return { ...realMixture, ...shared };
  }
}

/** Where the recordings of a study lie: one folder for each robot in it. */
export function recordingFolder(data: string, { data: observation, stepsAfterSuccess }: Study): string {
  return join(data, `${observation}-${stepsAfterSuccess}`);
}

/** The demo's, with a fourth robot and as many samples of each. */
function statesRecipe(root: string, { steps }: Study): Recipe {
  return {
    ...demo,
    data: { ...demo.data, root, datasets: robotNames.map(dataset) },
    validation: { ...demo.validation, ratio: recorded.heldOut },
    policy: { ...demo.policy, actionWidth: 14, stateWidth: 32, promptTokens: 2 },
    optimizer: { ...demo.optimizer, steps },
  };
}

function dataset(name: RobotName): RecipeDataset {
  const { controlMode } = findRobot(name);
  return {
    name,
    source: { kind: "lerobot", location: name, taskAnnotation: "declared" },
    episodes: "all",
    role: "both",
    weight: name === "reacher" ? 1 : 2,
    mapping: { ...asFound, controlMode, prompt: { kind: "fixed", text: name.slice(0, 1) } },
  };
}
