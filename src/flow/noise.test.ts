import { describe, expect, it } from "vitest";
import { stream } from "../graph/random.ts";
import { fillNoise } from "./noise.ts";

const random = stream(1, "training noise", "pusht");
const key = { episode: 3, frame: 40, draw: 2 };

/** Noise of a robot of two dofs in `width` slots, as rows by dof: `[step][dof]`. */
function noise(width: number, steps: number, slots: readonly [number, number], from = key): number[][] {
  const out = new Float32Array(steps * width);
  const ownDof = new Int32Array(width).fill(-1);
  for (const [dof, slot] of slots.entries()) ownDof[slot] = dof;
  fillNoise(out, ownDof, { random, key: from });
  return Array.from({ length: steps }, (_, step) => slots.map((slot) => out[step * width + slot]!));
}

describe("noise", () => {
  it("is the same in other slots, in a wider batch and over a longer horizon", () => {
    const narrow = noise(2, 3, [0, 1]);
    expect(noise(44, 3, [0, 1])).toEqual(narrow);
    expect(noise(44, 3, [30, 7])).toEqual(narrow);
    expect(noise(2, 8, [0, 1]).slice(0, 3)).toEqual(narrow);
  });

  it("is another for each frame, episode and draw", () => {
    const own = noise(2, 1, [0, 1]);
    for (const other of [{ frame: 41 }, { episode: 4 }, { draw: 0 }])
      expect(noise(2, 1, [0, 1], { ...key, ...other })).not.toEqual(own);
  });

  it("of a step and dof is that of word 4,096 · step + dof", () => {
    const [first, second] = noise(3, 2, [2, 0]);
    const word = (at: number) => Math.fround(random.normal(at, 40, 3, 2));
    expect([first, second]).toEqual([
      [word(0), word(1)],
      [word(4096), word(4097)],
    ]);
  });

  it("is 0 where the robot has no dof", () => {
    const out = new Float32Array(4);
    fillNoise(out, Int32Array.of(-1, 0, -1, -1), { random, key });
    expect(out[1]).not.toBe(0);
    expect([out[0], out[2], out[3]]).toEqual([0, 0, 0]);
  });
});
