import { describe, expect, it } from "vitest";
import { type GeneratedDataset, generate } from "./generated.ts";
import { trimmed } from "./trimmed.ts";

const description: GeneratedDataset = {
  name: "toy",
  robotType: "toy",
  framesPerSecond: 10,
  features: [
    { key: "action", type: "float32", shape: [2], names: null },
    { key: "top", type: "image", shape: [6, 8, 3], names: null },
  ],
  episodeLengths: [10, 6],
  tasks: ["push", "wave"],
  seed: 1,
};
const whole = generate(description);
const short = trimmed(whole, [{ episode: 0, first: 3, length: 4 }]);
const fit = { height: 6, width: 8 };

describe("a trimmed dataset", () => {
  it("has the length of each span, and of each episode without one", () => {
    expect(short.episodes).toEqual([
      { index: 0, length: 4 },
      { index: 1, length: 6 },
    ]);
  });

  it("has the rows and the instructions of the span and no others", async () => {
    const [cut, all] = [await short.table(0), await whole.table(0)];
    expect(cut.length).toBe(4);
    expect(cut.vector("action").shape).toEqual([4, 2]);
    expect([...cut.vector("action").cells]).toEqual([...all.vector("action").cells].slice(6, 14));
    // The instruction changes in the middle of the episode of 10, at its frame 5.
    expect(cut.tasks).toEqual(["push", "push", "wave", "wave"]);
    expect((await short.table(1)).vector("action").cells).toEqual((await whole.table(1)).vector("action").cells);
  });

  it("has the pictures that belong to its rows, and none beyond them", async () => {
    for (const frame of [0, 3])
      expect((await short.picture("top", 0, frame, fit)).cells).toEqual(
        (await whole.picture("top", 0, frame + 3, fit)).cells,
      );
    expect((await short.picture("top", 1, 5, fit)).cells).toEqual((await whole.picture("top", 1, 5, fit)).cells);
    await expect(short.picture("top", 0, 4, fit)).rejects.toThrow(/expected a frame of the 4 of episode 0, got 4/);
    await expect(short.picture("top", 0, -1, fit)).rejects.toThrow(/got -1/);
  });

  it("has a fingerprint of its own for each choice of spans", async () => {
    const other = trimmed(whole, [{ episode: 0, first: 2, length: 4 }]);
    const all = await Promise.all([whole, short, other].map((dataset) => dataset.fingerprint()));
    expect(new Set(all).size).toBe(3);
  });
});
