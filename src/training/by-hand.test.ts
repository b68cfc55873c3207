import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BatchMaker, type BatchRequest } from "../batch/maker.ts";
import type { Statistics } from "../dataset/statistics.ts";
import { stream } from "../graph/random.ts";
import { validationDraws } from "../mixture/validation.ts";
import { flowInputs, velocityName } from "../objective/flow.ts";
import { microBatchOf } from "../objective/micro-batch.ts";
import { withVelocity } from "../objective/testing/with-velocity.ts";
import { teachesInput } from "../objective/traced.ts";
import { aloneWorld } from "../ranks/open-world.ts";
import { layoutOf, loadPlanOf, type Plan, targetOf } from "../recipe/plan.ts";
import type { Recipe } from "../recipe/schema.ts";
import { craneDofs, craneRecipe, craneRecordings } from "../recipe/testing/cranes.ts";
import { newState } from "./begin.ts";
import { Run } from "./run.ts";
import { type CraneUnit, craneOrigin, craneRows, craneStateUnits, craneUnits } from "./testing/crane-units.ts";

const [north] = craneRecordings;
const { actionHorizon: horizon, actionWidth: width } = craneRecipe.policy;
/** What the policy says of every slot, wherever the flow stands: a slot's own number. */
const velocity = Array.from({ length: width }, (_, slot) => 0.1 * (slot + 1));

let cache = "";
beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), "armature-by-hand-"));
});
afterAll(() => rm(cache, { recursive: true }));

/** A run of a recipe, and the state of a policy that says the same velocity everywhere. */
async function opened(recipe: Recipe) {
  const run = await Run.open(recipe, cache, await aloneWorld());
  const state = newState(recipe, run.parameters);
  return { run, state: { ...state, parameters: withVelocity(state.parameters, velocity), ema: null } };
}

/** The action of a dof of the northern crane at a place between two frames; `null` past the last. The claw takes the nearer frame. */
function recordedAt(episode: number, position: number, dof: number): number | null {
  const rows = craneRows(north!, "action", episode);
  const [below, above] = [Math.floor(position), Math.ceil(position)];
  if (above >= rows.length) return null;
  const share = position - below;
  const isNearAbove = share > 0.5 || (share === 0.5 && above % 2 === 0);
  if (craneDofs[dof]!.kind === "gripper") return rows[isNearAbove ? above : below]![dof]!;
  return rows[below]![dof]! * (1 - share) + rows[above]![dof]! * share;
}

/** What a held-out sample of the northern crane has at a step of its window. */
interface Cell {
  readonly episode: number;
  readonly frame: number;
  readonly draw: number;
  readonly step: number;
  readonly dof: number;
}

/** Mean over samples of each sample's mean over its draws, its dofs and the steps that exist. */
function meanOver(recipe: Recipe, draws: readonly { episode: number; frame: number }[], of: (cell: Cell) => number) {
  const rate = recipe.data.rate === "native" ? 10 : recipe.data.rate;
  const means = draws.map(({ episode, frame }) => {
    const own: number[] = [];
    for (let draw = 0; draw < recipe.validation.draws; draw++)
      for (let step = 0; frame + (step * 10) / rate <= north!.episodeLengths[episode]! - 1 && step < horizon; step++)
        for (const dof of craneDofs.keys()) own.push(of({ episode, frame, draw, step, dof }));
    return own.reduce((sum, value) => sum + value, 0) / own.length;
  });
  return means.reduce((sum, value) => sum + value, 0) / means.length;
}

const deltas: Recipe = { ...craneRecipe, validation: { ...craneRecipe.validation, framesPerMember: "all", draws: 2 } };
const absolutes: Recipe = {
  ...deltas,
  data: { ...deltas.data, actions: "absolute", normalization: "min-max", rate: 4 },
};

describe.each([
  ["delta actions at the robot's own rate", deltas],
  ["absolute actions at another rate", absolutes],
])("%s, worked out by hand", (_, recipe) => {
  let units: CraneUnit[] = [];
  let draws: { episode: number; frame: number }[] = [];
  let run: Run;
  let state: Awaited<ReturnType<typeof opened>>["state"];
  beforeAll(async () => {
    ({ run, state } = await opened(recipe));
    units = await craneUnits(recipe);
    draws = validationDraws(run.plan.mixture, "all").filter(({ member }) => member === 0);
  });
  afterAll(() => run.close());

  const noise = (what: string, { episode, frame, draw, step, dof }: Cell) =>
    stream(recipe.seed, what, "north").normal(4096 * step + dof, frame, episode, draw);
  const isDelta = recipe.data.actions === "delta";
  const origin = ({ episode, frame, dof }: Cell) =>
    isDelta ? craneOrigin(dof, craneRows(north!, "observation.state", episode)[frame]!) : 0;
  const recorded = ({ episode, frame, step, dof }: Cell) =>
    recordedAt(episode, frame + (step * 10) / (recipe.data.rate === "native" ? 10 : recipe.data.rate), dof)!;

  it("the validation loss is the squared distance from noise less action, in unit scale, over the steps that exist", async () => {
    const { groups } = await run.validate(state, () => {});
    const wanted = meanOver(recipe, draws, (cell) => {
      const { center, scale } = units[cell.dof]!;
      const action = (recorded(cell) - origin(cell) - center) / scale;
      return (velocity[craneDofs[cell.dof]!.slot]! - (noise("validation noise", cell) - action)) ** 2;
    });
    const own = groups.find(({ dataset }) => dataset === "north")!;
    expect(own.samples).toBe(draws.length);
    expect(own.loss).toBeCloseTo(wanted, 5);
  });

  it("the error of sampled actions is in the robot's own units, dof by dof", async () => {
    const found = await run.actionErrors(state, 1000, () => {});
    const own = found.filter(({ dataset }) => dataset === "north");
    expect(own.map(({ dof }) => dof)).toEqual(["lift", "claw", "turn"]);
    const sums = craneDofs.map(() => ({ sum: 0, count: 0 }));
    meanOver(recipe, draws, (cell) => {
      const { center, scale } = units[cell.dof]!;
      const unit = noise("action noise", cell) - velocity[craneDofs[cell.dof]!.slot]!;
      sums[cell.dof]!.sum += Math.abs(center + scale * unit + origin(cell) - recorded(cell));
      sums[cell.dof]!.count++;
      return 0;
    });
    expect(own.map(({ steps }) => steps)).toEqual(sums.map(({ count }) => count));
    // 1e-5: ten Euler steps in float32.
    for (const [dof, { sum, count }] of sums.entries()) expect(own[dof]!.meanAbsoluteError).toBeCloseTo(sum / count, 5);
  });
});

it("weights begin as the recipe's seed says, each by its own name", async () => {
  const { run } = await opened(craneRecipe);
  await run.close();
  for (const seed of [3, 4]) {
    const { parameters, ema } = newState({ ...craneRecipe, seed }, run.parameters);
    const random = stream(seed, "initial weight", "action.in.weight");
    // Maps from slots begin with a deviation of 0.2, row by row; averages as the weights that they are of.
    for (const values of [parameters, ema!]) {
      const { cells, shape } = values.get("action.in.weight")!;
      expect(shape).toEqual([24, width]);
      for (const [at, cell] of cells.entries())
        expect(cell).toBeCloseTo(0.2 * random.normal(at % width, Math.floor(at / width), 0, 0), 6);
    }
  }
});

describe("a training batch of two cranes with a cart between them", () => {
  const draws = [
    { member: 2, episode: 1, frame: 3, draw: 4 },
    { member: 1, episode: 0, frame: 2, draw: 0 },
    { member: 0, episode: 2, frame: 1, draw: 1 },
  ];
  const request: BatchRequest = { purpose: "train", layout: layoutOf(craneRecipe, 3), draws };
  let plan: Plan;
  let maker: BatchMaker;
  beforeAll(async () => {
    const { run } = await opened(craneRecipe);
    ({ plan } = run);
    await run.close();
    maker = await BatchMaker.open(loadPlanOf(plan));
  });
  afterAll(() => maker.close());

  it("reads weights of the robot, not of the dataset: both cranes one set, the cart another", async () => {
    const { embodiment, provenance } = await maker.make(request);
    expect([...provenance.dataset].slice(0, 3)).toEqual([2, 1, 0]);
    expect(embodiment.read(({ cells }) => [...cells])).toEqual([0, 1, 0]);
  });

  it("holds each robot's states in unit scale: every entry in its own slot, its past in slots before now", async () => {
    const { state } = await maker.make(request);
    const told = state.read(({ cells }) => [...cells]);
    const units = await craneStateUnits(craneRecipe);
    const [, south] = craneRecordings;
    for (const [row, recording, episode, frame] of [
      [0, south!, 1, 3],
      [2, north!, 2, 1],
    ] as const) {
      const rows = craneRows(recording, "observation.state", episode);
      for (let slot = 0; slot < 3; slot++) {
        const own = rows[frame - 2 + slot];
        // Turn, weight and lift stand in slots 3, 0 and 1.
        const normal = (entry: number) =>
          own === undefined ? 0 : (own[entry]! - units[entry]!.center) / units[entry]!.scale;
        const wanted = [normal(1), normal(2), 0, normal(0), 0, 0, 0, 0];
        for (const [at, value] of wanted.entries()) expect(told[(row * 3 + slot) * 8 + at]).toBeCloseTo(value, 5);
      }
    }
  });

  it("is drawn noise and a time of the recipe's seed, by dataset, episode, frame, draw and own dof", async () => {
    const batch = await maker.make(request);
    for (const seed of [3, 4]) {
      const { feeds } = microBatchOf(batch, { ...targetOf(plan, "training"), seed }, "as drawn");
      const [noise, times] = [feeds.get(flowInputs.noise)!.cells, feeds.get(flowInputs.time)!.cells];
      for (const [row, dataset, episode, frame, draw] of [
        [0, "south", 1, 3, 4],
        [2, "north", 2, 1, 1],
      ] as const) {
        const beta = stream(seed, "training time", dataset).uniform(0, frame, episode, draw) ** (1 / 1.5);
        for (let step = 0; step < horizon; step++) {
          expect(times[row * horizon + step]).toBeCloseTo(0.999 * beta + 0.001, 6);
          for (const [dof, { slot }] of craneDofs.entries())
            expect(noise[(row * horizon + step) * width + slot]).toBeCloseTo(
              stream(seed, "training noise", dataset).normal(4096 * step + dof, frame, episode, draw),
              6,
            );
        }
      }
    }
  });

  it("is taught by the dofs whose actions move, whatever their slots and whether their states do", async () => {
    const span = (high: readonly number[]): Statistics => {
      const [zeros, ones] = [new Float64Array(3), new Float64Array(3).fill(1)];
      return { count: 9, mean: zeros, std: ones, min: zeros, max: Float64Array.from(high), q01: zeros, q99: ones };
    };
    // In the order of dofs lift, claw, turn; and of states turn, weight, lift.
    const cranes = { action: span([5, 0, 5]), state: span([0, 5, 0]) };
    const statistics = new Map([...plan.statistics, ["crane / joint", cranes]]);
    const still = { ...plan, recipe: { ...craneRecipe, supervision: "moving" as const }, statistics };
    const { feeds } = microBatchOf(await maker.make(request), targetOf(still, "training"), "as drawn");
    const teaches = [...feeds.get(teachesInput(velocityName))!.cells].map(Number);
    const firstStep = (row: number) => teaches.slice(row * horizon * width, (row * horizon + 1) * width);
    for (const crane of [0, 2]) expect(firstStep(crane)).toEqual([0, 0, 1, 0, 1, 0, 0, 0]);
    expect(firstStep(1)).toEqual([1, 1, 0, 0, 0, 0, 0, 0]);
  });
});
