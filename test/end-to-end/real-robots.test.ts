import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { recipe as realMixture } from "../../recipes/real-mixture.ts";
import { BatchMaker } from "../../src/batch/maker.ts";
import type { Dataset } from "../../src/dataset/dataset.ts";
import { hasRealData, onRealData, realDataset } from "../../src/dataset/testing/real-data.ts";
import { stream } from "../../src/graph/random.ts";
import { expectSameBits } from "../../src/graph/testing/bits.ts";
import { openSource } from "../../src/mixture/source.ts";
import { withVelocity } from "../../src/objective/testing/with-velocity.ts";
import { aloneWorld } from "../../src/ranks/open-world.ts";
import { layoutOf, loadPlanOf, type Plan } from "../../src/recipe/plan.ts";
import type { Recipe } from "../../src/recipe/schema.ts";
import { compilePolicy, findPolicy, loadPolicy, readPolicyWeights } from "../../src/serving/load.ts";
import type { LoadedPolicy } from "../../src/serving/policy.ts";
import { Run } from "../../src/training/run.ts";
import { type MicroRun, trainMicroRun } from "../../src/training/testing/micro-run.ts";

const { data, policy: form, batch, validation } = realMixture;
const recipe: Recipe = {
  ...realMixture,
  data: { ...data, root: realDataset("") },
  policy: { ...form, size: "micro" },
  batch: { ...batch, size: 4, microBatch: 4 },
  validation: { ...validation, everySteps: 0 },
};

describe.runIf(hasRealData)(onRealData("four real robots, served"), () => {
  let run: MicroRun;
  let plan: Plan;
  let policy: LoadedPolicy;
  let datasets: Dataset[] = [];

  beforeAll(async () => {
    run = await trainMicroRun(recipe, 1);
    const opened = await Run.open(recipe, run.cache, await aloneWorld());
    plan = opened.plan;
    await opened.close();
    policy = await loadPolicy(run.folder, { robots: 4, machine: "as trained" });
    datasets = await Promise.all(
      plan.mixture.members.map(({ source, datasetName: name, validation: { episodes } }) =>
        openSource(source, { name, episodes, pictureMemoryBytes: 0 }),
      ),
    );
  });
  afterAll(async () => {
    policy.release();
    await Promise.all(datasets.map((dataset) => dataset.close()));
    await run.remove();
  });

  /** What a robot would ask that stands where a frame was recorded, its camera giving pictures of at most a size. */
  async function asked(member: number, frame: number, side: number) {
    const {
      datasetName: dataset,
      validation: { episodes },
    } = plan.mixture.members[member]!;
    const robot = policy.robot({ dataset });
    const episode = episodes[0]!;
    const table = await datasets[member]!.table(episode);
    const states = table.vector("observation.state");
    const width = states.shape[1]!;
    const seen = robot.embodiment.cameras.flatMap(({ view, key }) => (key === null ? [] : [{ view, key }]));
    const pictures = await Promise.all(
      seen.map(async ({ view, key }) => {
        const fit = { height: side, width: side };
        return [view, await datasets[member]!.picture(key, episode, frame, fit)] as const;
      }),
    );
    return {
      draw: { member, episode, frame, draw: 0 },
      request: {
        robot,
        observations: [
          { state: states.cells.slice(frame * width, (frame + 1) * width), pictures: Object.fromEntries(pictures) },
        ],
        prompt: table.tasks[frame]!,
        noise: { seed: 1, episode, frame, draw: 0 },
      } as const,
    };
  }

  it("the model reads of each robot, to the bit, what it reads of the same recorded frame", async () => {
    const maker = await BatchMaker.open(loadPlanOf(plan));
    const rows = await Promise.all([0, 1, 2, 3].map((member) => asked(member, 11 + member, 16)));
    const draws = rows.map(({ draw }) => draw);
    const request = { purpose: "validation", layout: layoutOf(recipe, 4), draws } as const;
    const taught = await maker.make(request);
    await maker.close();
    const served = policy.perceive(rows.map(({ request }) => request));
    for (const part of ["images", "state", "prompt", "ownDof", "embodiment", "facts"] as const)
      expectSameBits(part, served[part], taught[part]);
    expect(served.embodiment.read(({ cells }) => [...cells])).toEqual([0, 1, 2, 3]);
    expect(served.images.read(({ cells }) => new Set(cells).size)).toBeGreaterThan(50);
  });

  it("a camera's whole picture comes to nearly the same pixels", async () => {
    for (const member of [0, 1, 2]) {
      const [small, whole] = await Promise.all([16, 1000].map((side) => asked(member, 20, side)));
      const [decoded, scaled] = [small, whole].map((row) =>
        policy.perceive([row!.request]).images.read(({ cells }) => [...cells]),
      );
      const differences = decoded!.map((value, at) => Math.abs(value - scaled![at]!));
      // The decoder averages luma and chroma and turns the means into colours; here the colours are averaged.
      expect(Math.max(...differences)).toBeLessThanOrEqual(4);
    }
  });

  it("each gets actions in its own width and its own units: noise times what its training actions spread, about their mean", async () => {
    const found = await findPolicy(run.folder);
    const still = withVelocity(await readPolicyWeights(found), new Array<number>(recipe.policy.actionWidth).fill(0));
    const choice = { rows: 4, steps: recipe.policy.actionHorizon, machine: found.machine };
    const motionless = await compilePolicy(found, still, choice);
    const rows = await Promise.all([0, 1, 2, 3].map((member) => asked(member, 5, 16)));
    const chunks = await motionless.act(
      rows.map(({ request }) => ({ ...request, robot: motionless.robot({ dataset: request.robot.dataset }) })),
    );
    motionless.release();
    expect(chunks.map(({ actions, stepsPerSecond }) => [actions.length, actions[0]!.length, stepsPerSecond])).toEqual([
      [16, 44, 20],
      [16, 26, 30],
      [16, 7, 10],
      [16, 2, 10],
    ]);
    for (const [member, { actions, robot }] of chunks.entries()) {
      const { episode } = rows[member]!.draw;
      const noise = stream(1, "action noise", robot.dataset);
      for (const [dof, values] of (await trainingActions(member)).entries()) {
        const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
        const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
        const span = values.reduce((a, b) => Math.max(a, b)) - values.reduce((a, b) => Math.min(a, b));
        for (const [step, own] of actions.entries()) {
          // A dof that never changes stays what it is.
          const moves = span < 1e-6 ? 0 : (deviation + 1e-6) * noise.normal(4096 * step + dof, 5, episode, 0);
          // 1e-6 of what it spreads: noise is of float32.
          expect(Math.abs(own[dof]! - mean - moves)).toBeLessThan(1e-6 * (1 + Math.abs(mean) + deviation));
        }
      }
    }
  });

  /** Every recorded number of each dof in a robot's training episodes. */
  async function trainingActions(member: number): Promise<number[][]> {
    const { source, datasetName: name, train } = plan.mixture.members[member]!;
    const { episodes } = train;
    const dataset = await openSource(source, { name, episodes, pictureMemoryBytes: 0 });
    const byDof = plan.mixture.members[member]!.embodiment.dofs.map((): number[] => []);
    for (const episode of episodes) {
      const { cells } = (await dataset.table(episode)).vector("action");
      for (const [at, value] of cells.entries()) byDof[at % byDof.length]!.push(value);
    }
    await dataset.close();
    return byDof;
  }
});
