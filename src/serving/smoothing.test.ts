import { describe, expect, it } from "vitest";
import { findRobot } from "../simulation/robots.ts";
import { embodimentOf } from "../simulation/simulated-robot.ts";
import { TemporalEnsemble } from "./smoothing.ts";

/** Six dofs of joints and a gripper. */
const embodiment = embodimentOf(findRobot("arm"), "state");
const { dofs } = embodiment;
const robot = { embodiment: { ...embodiment, dofs: [dofs[0]!, dofs.find(({ kind }) => kind === "gripper")!] } };

const column = (rows: readonly (readonly number[])[], dof: number) => rows.map((row) => row[dof] ?? Number.NaN);
/** Steps whose gripper says the opposite of their joint. */
const rows = (...values: number[]) => values.map((value) => [value, -value]);
/** A chunk of them that was said whole. */
const chunk = (...values: number[]) => ({ actions: rows(...values), saidSteps: values.length });

describe("chunks that overlap", () => {
  it("are averaged as LeRobot's ACTTemporalEnsembler does it where each step asks", () => {
    const ensemble = new TemporalEnsemble({ decay: 0.5, grippers: true }, robot);
    const chunks = [
      chunk(1, 2, 4, 8),
      chunk(3, 5, 7, 9),
      chunk(-1, 0, 2, 6),
      chunk(10, 20, 30, 40),
      chunk(0, 0, 0, 0),
      chunk(2, 2, 2, 2),
    ];
    const first = chunks.map((actions, at) => {
      const [now] = ensemble.smoothed(actions, at === 0 ? 0 : 1);
      ensemble.keep(actions, at === 0 ? 0 : 1);
      return now?.[0] ?? Number.NaN;
    });
    // ACTTemporalEnsembler(0.5, 4).update(chunk) of lerobot 0.6.1, one after the other.
    const wanted = [1, 2.377541, 3.375577, 6.587828, 7.995599, 11.213528];
    for (const [at, value] of wanted.entries()) expect(first[at]).toBeCloseTo(value, 5);
  });

  it("weigh from the oldest on, step by step of the whole chunk, where several steps lie between questions", () => {
    const ensemble = new TemporalEnsemble({ decay: Math.LN2, grippers: true }, robot);
    ensemble.keep(chunk(0, 0, 0, 0, 10, 20), 0);
    ensemble.keep(chunk(0, 0, 4, 8, 12, 16), 2);
    // Two steps later: the first chunk has two actions left, the second four, the new one six. Weights are 1, 1/2 and 1/4.
    const found = ensemble.smoothed(chunk(8, 8, 8, 8, 8, 8), 2);
    expect(column(found, 0)).toEqual([
      (10 + 4 / 2 + 8 / 4) / 1.75,
      (20 + 8 / 2 + 8 / 4) / 1.75,
      (12 + 8 / 2) / 1.5,
      (16 + 8 / 2) / 1.5,
      8,
      8,
    ]);
  });

  it("leave grippers as the newest says them, unless they are to be averaged", () => {
    const [plain, all] = [false, true].map((grippers) => new TemporalEnsemble({ decay: 0, grippers }, robot));
    for (const each of [plain, all]) each?.keep(chunk(1, 1), 0);
    expect(plain?.smoothed(chunk(3, 3), 1)).toEqual([
      [2, -3],
      [3, -3],
    ]);
    expect(all?.smoothed(chunk(3, 3), 1)).toEqual([
      [2, -2],
      [3, -3],
    ]);
  });

  it("are those of one episode: none of before it began anew, and none that has ended", () => {
    const ensemble = new TemporalEnsemble({ decay: 0, grippers: true }, robot);
    ensemble.keep(chunk(1, 1), 0);
    expect(ensemble.smoothed(chunk(3, 3), 2)).toEqual(rows(3, 3));
    ensemble.reset();
    expect(ensemble.smoothed(chunk(3, 3), 0)).toEqual(rows(3, 3));
  });

  it("are averaged up to the step that an answer says, and an answer that is no chunk is left as it is", () => {
    const ensemble = new TemporalEnsemble({ decay: 0, grippers: true }, robot);
    // Its last step is held for a third one.
    ensemble.keep({ actions: rows(1, 3, 3), saidSteps: 2 }, 0);
    expect(column(ensemble.smoothed(chunk(5, 5, 5), 0), 0)).toEqual([3, 4, 5]);
    expect(ensemble.smoothed({ actions: rows(0, 0, 0), saidSteps: 0 }, 0)).toEqual(rows(0, 0, 0));
  });
});
