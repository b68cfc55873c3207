import { describe, expect, it } from "vitest";
import { encodeStatistics, memberSchema } from "../checkpoint/robot-record.ts";
import { generate } from "../dataset/generated.ts";
import type { Statistics } from "../dataset/statistics.ts";
import type { Embodiment } from "../embodiment/embodiment.ts";
import { asFound, embody } from "../embodiment/mapping.ts";
import { craneDofs, craneRecipe, craneRecordings, craneStates } from "../recipe/testing/cranes.ts";
import { servedRobots } from "./robot.ts";

const crane = embody(
  { ...asFound, controlMode: "joint", dofs: craneDofs, states: craneStates },
  generate(craneRecordings[0]!),
  [],
);
const watched: Embodiment = {
  ...crane,
  controlMode: "none",
  dofs: [],
  columns: { ...crane.columns, action: [] },
  target: "none",
};
const cart = { ...crane, robotType: "cart" };

/** A dataset of a robot, as a checkpoint keeps it. */
const member = (dataset: string, head: string, embodiment: Embodiment, framesPerSecond: number) => {
  const { controlMode } = embodiment;
  return memberSchema.parse({
    name: `${dataset} / ${controlMode}`,
    dataset,
    controlMode,
    head,
    framesPerSecond,
    embodiment,
  });
};

/** Statistics whose mean tells whose they are. */
function statistics(mean: number) {
  const of = (value: number) => new Float64Array(3).fill(value);
  const own: Statistics = { count: 9, mean: of(mean), std: of(1), min: of(-9), max: of(9), q01: of(-8), q99: of(8) };
  return encodeStatistics(own);
}

const manifest = {
  members: [
    member("films", "films / none", watched, 30),
    member("north", "crane / joint", crane, 10),
    member("cart", "cart / joint", cart, 5),
    member("south", "crane / joint", crane, 20),
  ],
  statistics: {
    "cart / joint": { action: statistics(21), state: statistics(22) },
    "crane / joint": { action: statistics(11), state: statistics(12) },
    "films / none": { action: statistics(1), state: statistics(2) },
  },
};

describe("the robots of a checkpoint", () => {
  const robots = servedRobots(manifest, craneRecipe);

  it("are those with actions, each with the units of its own actions and states", () => {
    expect(robots.map(({ dataset, units }) => [dataset, units.action.center[0], units.state.center[0]])).toEqual([
      ["north", 11, 12],
      ["cart", 21, 22],
      ["south", 11, 12],
    ]);
  });

  it("read the weights of their normalisation group, counted as in training: with datasets that have no actions", () => {
    expect(robots.map(({ normalizationGroup }) => normalizationGroup)).toEqual([1, 2, 1]);
  });

  it("act at the rate of their own frames, or at the recipe's", () => {
    const rates = ({ framesPerSecond, stepsPerSecond }: (typeof robots)[number]) => [framesPerSecond, stepsPerSecond];
    expect(robots.map(rates)).toEqual([
      [10, 10],
      [5, 5],
      [20, 20],
    ]);
    const resampled = servedRobots(manifest, { ...craneRecipe, data: { ...craneRecipe.data, rate: 4 } });
    expect(resampled.map(rates)).toEqual([
      [10, 4],
      [5, 4],
      [20, 4],
    ]);
  });
});
