import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { recipe as realMixture } from "../../recipes/real-mixture.ts";
import { encodeBatch } from "../../src/batch/batch.ts";
import { BatchMaker } from "../../src/batch/maker.ts";
import type { Dataset } from "../../src/dataset/dataset.ts";
import { hasRealData, onRealData, realDataset } from "../../src/dataset/testing/real-data.ts";
import { openSource } from "../../src/mixture/source.ts";
import { aloneWorld } from "../../src/ranks/open-world.ts";
import { layoutOf, loadPlanOf, type Plan } from "../../src/recipe/plan.ts";
import type { Recipe } from "../../src/recipe/schema.ts";
import { loadPolicy } from "../../src/serving/load.ts";
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
    const taught = encodeBatch(await maker.make(request));
    await maker.close();
    const perceived = policy.perceive(rows.map(({ request }) => request));
    const served = encodeBatch(perceived);
    expect(served.images).toEqual(taught.images);
    expect(served.state).toEqual(taught.state);
    expect(served.prompt).toEqual(taught.prompt);
    expect(served.ownDof).toEqual(taught.ownDof);
    expect([...served.embodiment.cells]).toEqual([0, 1, 2, 3]);
    expect(served.embodiment).toEqual(taught.embodiment);
    expect(served.facts).toEqual(taught.facts);
    expect(perceived.images.read(({ cells }) => new Set(cells).size)).toBeGreaterThan(50);
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

  it("each gets actions in its own width and near its own values", async () => {
    const rows = await Promise.all([0, 1, 2, 3].map((member) => asked(member, 5, 16)));
    const chunks = await policy.act(rows.map(({ request }) => request));
    expect(chunks.map(({ actions, stepsPerSecond }) => [actions.length, actions[0]!.length, stepsPerSecond])).toEqual([
      [16, 44, 20],
      [16, 26, 30],
      [16, 7, 10],
      [16, 2, 10],
    ]);
    // pusht moves on a plane of 512 by 512 whose mean is near the middle: unit scale would lie around 0.
    const [x, y] = chunks[3]!.actions[0]!;
    for (const value of [x!, y!]) expect(Math.abs(value - 256)).toBeLessThan(512);
  });
});
