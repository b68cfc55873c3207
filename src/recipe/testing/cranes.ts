import type { GeneratedDataset } from "../../dataset/generated.ts";
import type { Dof, Entry } from "../../embodiment/embodiment.ts";
import { asFound } from "../../embodiment/mapping.ts";
import type { Recipe, RecipeDataset } from "../schema.ts";
import { plainRecipe } from "./awkward-recipe.ts";

const entry = (name: string, slot: number): Entry => ({ name, unit: "rad", part: "crane", kind: "continuous", slot });
const dof = (name: string, slot: number, state: number | null): Dof => ({
  ...entry(name, slot),
  kind: state === null ? "gripper" : "continuous",
  state,
});

/** A crane's dofs in its own order: their slots are in no order, and neither are the states that their deltas are from. */
export const craneDofs: readonly Dof[] = [dof("lift", 4, 2), dof("claw", 0, null), dof("turn", 2, 0)];
export const craneStates: readonly Entry[] = [entry("turn", 3), entry("weight", 0), entry("lift", 1)];

/** The two cranes' recordings, from formulas. Both are one robot: they share statistics and weights by embodiment. */
export const craneRecordings: readonly GeneratedDataset[] = [
  craneRecording("north", [9, 12, 10, 11], 1),
  craneRecording("south", [8, 13], 2),
];

/** A cart that stands between the cranes in the mixture, so that datasets and robots are counted otherwise. */
const cartRecording: GeneratedDataset = {
  name: "cart",
  robotType: "cart",
  framesPerSecond: 5,
  features: [
    { key: "action", type: "float32", shape: [2], names: ["x", "y"] },
    { key: "observation.state", type: "float32", shape: [2], names: ["x", "y"] },
  ],
  episodeLengths: [9, 12],
  tasks: ["roll"],
  seed: 3,
};

const plain = plainRecipe(
  [
    crane(craneRecordings[0]!, "both"),
    dataset(cartRecording, { ...asFound, controlMode: "ee" }, "both"),
    crane(craneRecordings[1]!, "train"),
  ],
  [],
);

/** Three datasets of two robots, with three observation slots and eight slots of action and state. */
export const craneRecipe: Recipe = {
  ...plain,
  policy: { ...plain.policy, actionWidth: 8, stateWidth: 8, history: { slots: 3, interval: 1, dropout: 0 } },
};

function craneRecording(name: string, episodeLengths: readonly number[], seed: number): GeneratedDataset {
  return {
    name,
    robotType: "crane",
    framesPerSecond: 10,
    features: [
      { key: "action", type: "float32", shape: [3], names: null },
      { key: "observation.state", type: "float32", shape: [3], names: null },
    ],
    episodeLengths,
    tasks: ["lift"],
    seed,
  };
}

function crane(recording: GeneratedDataset, role: RecipeDataset["role"]): RecipeDataset {
  return dataset(recording, { ...asFound, controlMode: "joint", dofs: craneDofs, states: craneStates }, role);
}

function dataset(
  { name, ...description }: GeneratedDataset,
  mapping: RecipeDataset["mapping"],
  role: RecipeDataset["role"],
): RecipeDataset {
  const source = {
    kind: "generated",
    description: {
      ...description,
      features: [...description.features],
      episodeLengths: [...description.episodeLengths],
      tasks: [...description.tasks],
    },
  } as const;
  return { name, source, episodes: "all", role, weight: 1, mapping };
}
