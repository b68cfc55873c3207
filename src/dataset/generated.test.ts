import { describe, expect, it } from "vitest";
import { expectOtherBits } from "../graph/testing/bits.ts";
import { type GeneratedDataset, generate, generatedValue } from "./generated.ts";

const description: GeneratedDataset = {
  name: "waves",
  robotType: "example",
  framesPerSecond: 10,
  features: [
    { key: "action", type: "float32", shape: [3], names: null },
    { key: "observation.images.top", type: "video", shape: [20, 40, 3], names: null },
  ],
  episodeLengths: [5, 7],
  tasks: ["push"],
  seed: 3,
};

describe("a generated dataset", () => {
  const dataset = generate(description);

  it("gives the numbers of its formula, other ones in each episode and entry", async () => {
    const { cells, shape } = (await dataset.table(1)).vector("action");
    expect(shape).toEqual([7, 3]);
    expect(cells[3 * 4 + 2]).toBe(generatedValue(description, "action", 2, 1)(4));
    const first = (await dataset.table(0)).vector("action").cells;
    expect(new Set([first[0], first[1], cells[0], cells[1]]).size).toBe(4);
  });

  it("draws a picture that fits, keeps its proportions and moves", async () => {
    const small = await dataset.picture("observation.images.top", 0, 0, { height: 16, width: 16 });
    expect(small.shape).toEqual([8, 16, 3]);
    const large = await dataset.picture("observation.images.top", 0, 0, { height: 64, width: 64 });
    expect(large.shape).toEqual([20, 40, 3]);
    const later = await dataset.picture("observation.images.top", 0, 4, { height: 16, width: 16 });
    expectOtherBits("picture", later, small);
  });

  it("repeats its tasks by half episodes and has none where the list is empty", async () => {
    expect((await dataset.table(1)).tasks).toEqual(Array(7).fill("push"));
    const two = generate({ ...description, tasks: ["push", "pull"] });
    expect((await two.table(0)).tasks).toEqual(["push", "push", "push", "pull", "pull"]);
    expect((await two.table(1)).tasks).toEqual(["pull", "pull", "pull", "pull", "push", "push", "push"]);
    expect((await generate({ ...description, tasks: [] }).table(0)).tasks[0]).toBeNull();
  });

  it("refuses what is not there", async () => {
    await expect(dataset.table(2)).rejects.toThrow(/expected an episode, got 2/);
    await expect(dataset.picture("action", 0, 0, { height: 8, width: 8 })).rejects.toThrow(/no picture of "action"/);
    const table = await dataset.table(0);
    expect(() => table.vector("effort")).toThrow(/no column "effort"/);
  });
});
