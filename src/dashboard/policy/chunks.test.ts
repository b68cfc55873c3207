import { afterAll, beforeAll, expect, it } from "vitest";
import { craneDofs, craneRecipe, craneRecordings } from "../../recipe/testing/cranes.ts";
import { loadPolicy } from "../../serving/load.ts";
import type { LoadedPolicy } from "../../serving/policy.ts";
import { craneRows } from "../../training/testing/crane-units.ts";
import { type MicroRun, trainMicroRun } from "../../training/testing/micro-run.ts";
import { openData } from "../data/open-data.ts";
import { dataSubjectAt } from "../data/subject.ts";
import { chunkErrors, chunksAt } from "./chunks.ts";
import { ShownPolicy } from "./shown-policy.ts";

const horizon = craneRecipe.policy.actionHorizon;
let run: MicroRun;
let served: LoadedPolicy;
let policy: ShownPolicy;
beforeAll(async () => {
  run = await trainMicroRun(craneRecipe, 1);
  served = await loadPolicy(run.folder, { robots: 1, machine: { device: "cpu", threads: 1 } });
  policy = await ShownPolicy.open(run.folder, await openData(await dataSubjectAt(run.folder), run.cache));
});
afterAll(async () => {
  await policy.close();
  served.release();
  await run.remove();
});

const north = craneRecordings[0]!;

/** What a robot is sent that has seen an episode up to a row, by step and dof. */
async function sent(episode: number, row: number, draw: number): Promise<readonly (readonly number[])[]> {
  const session = served.session(served.robot({ dataset: "north" }), { seed: craneRecipe.seed });
  const states = craneRows(north, "observation.state", episode);
  for (const state of states.slice(0, row + 1)) session.see({ state, pictures: {} });
  const noise = { seed: craneRecipe.seed, episode, frame: row, draw };
  const [chunk] = await served.act([{ ...session.ask("lift"), noise }]);
  return chunk.actions;
}

/** Recorded actions of a row and those after it; nothing past the end. */
function recorded(episode: number, row: number): (readonly number[] | undefined)[] {
  const rows = craneRows(north, "action", episode);
  return Array.from({ length: horizon }, (_, step) => rows[row + step]);
}

it("shows what a robot is sent that stands at the row, draw by draw, over what was recorded from there on", async () => {
  // Episode 0 has nine rows: of the chunk at row 6 three steps were recorded.
  const found = await chunksAt(policy, policy.data.datasets[0]!, { episode: 0, row: 6, draws: 10 });
  expect(found.chunks).toHaveLength(10);
  for (const draw of [0, 7, 9])
    for (const [step, own] of (await sent(0, 6, draw)).entries())
      for (const [dof, value] of own.entries()) expect(found.chunks[draw]![dof]![step]).toBeCloseTo(value, 5);
  expect(found.dofs.map(({ name }) => name)).toEqual(craneDofs.map(({ name }) => name));
  for (const [step, own] of recorded(0, 6).entries())
    for (const dof of craneDofs.keys()) {
      if (own === undefined) expect(found.recorded[dof]![step]).toBeNull();
      else expect(found.recorded[dof]![step]).toBeCloseTo(own[dof]!, 5);
    }
});

it("counts errors over recorded steps alone, by dof and by step, and the spread over draws", async () => {
  const found = await chunkErrors(policy, policy.data.datasets[0]!, { episode: 0, rows: 3, draws: 2 });
  // Three rows lie evenly over nine: in the middle of each third.
  expect(found.asked.map(({ row }) => row)).toEqual([1, 4, 7]);
  const errors = craneDofs.map(() => Array.from({ length: horizon }, (): number[] => []));
  const spreads = craneDofs.map((): number[] => []);
  for (const row of [1, 4, 7]) {
    const [one, other] = [await sent(0, row, 0), await sent(0, row, 1)];
    for (const dof of craneDofs.keys())
      for (const [step, own] of recorded(0, row).entries()) {
        const values = [one[step]![dof]!, other[step]![dof]!];
        if (own !== undefined) for (const value of values) errors[dof]![step]!.push(Math.abs(value - own[dof]!));
        // Of two values the deviation is their distance over √2.
        spreads[dof]!.push(Math.abs(values[0]! - values[1]!) / Math.SQRT2);
      }
  }
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  for (const [dof, { error, byStep, spread }] of found.dofs.entries()) {
    expect(error).toBeCloseTo(mean(errors[dof]!.flat()), 5);
    expect(spread).toBeCloseTo(mean(spreads[dof]!), 5);
    for (const [step, value] of byStep.entries()) {
      const own = errors[dof]![step]!;
      if (own.length === 0) expect(value).toBeNull();
      else expect(value).toBeCloseTo(mean(own), 5);
    }
  }
  expect(found.compared).toEqual(errors[0]!.map(({ length }) => length));
});

it("refuses rows that an episode does not have, and a dataset of another", async () => {
  const shown = policy.data.datasets[0]!;
  await expect(chunksAt(policy, shown, { episode: 0, row: 9, draws: 1 })).rejects.toThrow(
    'dataset "north": expected a row of the 9 of episode 0, got 9',
  );
  await expect(chunksAt(policy, shown, { episode: 0, row: -1, draws: 1 })).rejects.toThrow("got -1");
  await expect(chunksAt(policy, shown, { episode: 0, row: 0.5, draws: 1 })).rejects.toThrow("got 0.5");
  const missing = 'dataset "north": expected an episode that is in use, got 99';
  await expect(chunksAt(policy, shown, { episode: 99, row: 0, draws: 1 })).rejects.toThrow(missing);
  await expect(chunkErrors(policy, shown, { episode: 99, rows: 3, draws: 1 })).rejects.toThrow(missing);
  await expect(chunksAt(policy, { ...shown }, { episode: 0, row: 0, draws: 1 })).rejects.toThrow(
    'dataset "north": expected one of a robot that the policy was trained on, got another',
  );
});
