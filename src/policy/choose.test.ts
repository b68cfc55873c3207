import { describe, expect, it } from "vitest";
import { constant } from "../graph/array.ts";
import { evaluate, floats, plainly } from "../graph/testing/evaluate.ts";
import { chosenToken } from "./choose.ts";

/** Likelihoods 1/8, 1/2, 0.3, 0.075 of the first row and 1/4 each of the second; the logits of a row may be any amount higher. */
const likelihoods = [
  [0.125, 0.5, 0.3, 0.075],
  [0.25, 0.25, 0.25, 0.25],
];
const scores = constant(
  floats(
    "float32",
    "b y",
    [2, 4],
    likelihoods.flatMap((row, at) => row.map((one) => Math.log(one) + 7 * at)),
  ),
);

async function drawn(temperature: number, chances: readonly [number, number]): Promise<number[]> {
  const choosing = {
    kind: "by chance",
    temperature,
    chances: constant(floats("float32", "b", [2], [...chances])),
  } as const;
  return [...(await evaluate({ token: chosenToken(scores, choosing) }, plainly)).token];
}

describe("a token", () => {
  it("that is the likeliest is the first of those", async () => {
    expect([...(await evaluate({ token: chosenToken(scores, { kind: "likeliest" }) }, plainly)).token]).toEqual([1, 0]);
  });

  it("that is drawn is the one into whose share the chance falls, by hand", async () => {
    const found: number[][] = [];
    for (const chance of [0, 0.12, 0.13, 0.62, 0.63, 0.92, 0.93, 1]) found.push(await drawn(1, [chance, chance]));
    expect(found.map(([first]) => first)).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
    expect(found.map(([, second]) => second)).toEqual([0, 0, 0, 2, 2, 3, 3, 3]);
  });

  it("is drawn from likelihoods that a temperature sharpens or flattens", async () => {
    // At 1/2 likelihoods are squared: 1/64, 1/4, 0.09, 0.005625 of 0.36125, so that the second ends at 0.735.
    expect([await drawn(0.5, [0.73, 0]), await drawn(0.5, [0.74, 0])].map(([token]) => token)).toEqual([1, 2]);
    // At 2 they are roots: 0.35355, 0.70711, 0.54772, 0.27386 of 1.88224, so that the second ends at 0.5635.
    expect([await drawn(2, [0.56, 0]), await drawn(2, [0.57, 0])].map(([token]) => token)).toEqual([1, 2]);
  });

  it("is there however small the likelihood of the last is, and whatever the chance", async () => {
    const far = constant(floats("float32", "b y", [1, 3], [0, 0, -200]));
    const choosing = {
      kind: "by chance",
      temperature: 1,
      chances: constant(floats("float32", "b", [1], [1])),
    } as const;
    expect([...(await evaluate({ token: chosenToken(far, choosing) }, plainly)).token]).toEqual([1]);
  });
});
