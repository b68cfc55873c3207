import { describe, expect, it } from "vitest";
import { input } from "../graph/array.ts";
import { zeros } from "../graph/host-array.ts";
import { expectSameBits } from "../graph/testing/bits.ts";
import { expectClose } from "../graph/testing/close.ts";
import { bits, evaluate, floats, named } from "../graph/testing/evaluate.ts";
import { hiddenPoison, Scope } from "../nn/parameter.ts";
import { randomWeights } from "../nn/testing/random-weights.ts";
import { Rules } from "../validity/rules.ts";
import { SymbolicPadded, SymbolicValidity } from "../validity/symbolic.ts";
import type { VisionSize } from "./size.ts";
import { towers } from "./tower.ts";
import { encodePictures } from "./vision.ts";

const motion = { after: 1, slots: 3, side: 3, width: 8, extracted: 6, fused: 10 };
const size: VisionSize = {
  picture: 24,
  patch: 8,
  square: 1,
  width: 16,
  layers: 3,
  mlp: 24,
  heads: 2,
  temporalEvery: 2,
  motion,
};
const views = 2;
const perSlot = views * 24 * 24 * 3;

/** A tower that sees motion over some slots of one sample: nine patches of 16 numbers for each of two views. */
function tower(slots: number, own = size, rules = Rules.all) {
  const scope = Scope.poisonable(rules);
  const images = input("images", "b o v h w c", [1, slots, views, 24, 24, 3], "uint8");
  const real = SymbolicValidity.input("real", "b o v", [1, slots, views]);
  const form = { choice: towers.siglipWithMotion, size: own };
  return { scope, tokens: encodePictures(scope, form, SymbolicPadded.of(images, real)) };
}

/** @param content what each slot shows follows from its number; @param real whether each exists, in both views */
async function look(
  content: readonly number[],
  real: readonly number[],
  { tokens, scope } = tower(content.length),
  poison = 0,
) {
  const images = zeros("b o v h w c", [1, content.length, views, 24, 24, 3], "uint8");
  for (const [slot, number] of content.entries())
    for (let cell = 0; cell < perSlot; cell++)
      images.cells[slot * perSlot + cell] = (131 * number + 7 * cell * (number + 1) + Math.floor(cell / 72)) % 256;
  const feeds = named({
    images,
    real: bits(
      "b o v",
      [1, content.length, views],
      real.flatMap((bit) => [bit, bit]),
    ),
    [hiddenPoison]: floats("float32", "", [], [poison]),
  });
  const found = await evaluate({ tokens }, { feeds, threads: 1, fixed: randomWeights(scope.parameters, 1) });
  return found.tokens;
}

const largestDifference = (one: Float64Array, other: Float64Array) =>
  Math.max(...one.map((cell, at) => Math.abs(cell - other[at]!)));

describe("a tower that sees motion", () => {
  it("sees what moved before now, and nothing of it where all pictures are the same", async () => {
    const still = await look([5, 5, 5], [1, 1, 1]);
    expect(largestDifference(await look([5, 9, 5], [1, 1, 1]), still)).toBeGreaterThan(1e-3);
    expect(largestDifference(await look([9, 5, 5], [1, 1, 1]), still)).toBeGreaterThan(1e-3);
    const because = "means over one picture or over three that are the same";
    expectClose("alone", await look([5], [1]), still, { absolute: 2e-5, relative: 0, because });
  });

  it("takes a clip with slots of nothing before it as the clip, to the bit, whatever those hold", async () => {
    const clip = await look([4, 5], [1, 1]);
    for (const nothing of [1, 7])
      expectSameBits("now", await look([nothing, 4, 5], [0, 1, 1], tower(3), Number.NaN), clip);
    expectSameBits("alone", await look([1, 2, 5], [0, 0, 1], tower(3), 1e30), await look([5], [1]));
  });

  it("reads slots of nothing once the rule that hides them is off", async () => {
    const broken = () => tower(3, size, Rules.without("history-keys"));
    const [one, other] = [await look([1, 4, 5], [0, 1, 1], broken()), await look([1, 4, 5], [0, 1, 1], broken(), 3)];
    expect(largestDifference(one, other)).toBeGreaterThan(1e-3);
  });

  it("has its motion behind a layer that is there", () => {
    const wrong = "encodePictures: expected a size with motion behind one of 3 layers, got";
    expect(() => tower(2, { ...size, motion: { ...motion, after: 3 } })).toThrow(`${wrong} 3`);
    const { motion: _, ...none } = size;
    expect(() => tower(2, none)).toThrow(`${wrong} none`);
    expect(() => tower(2, { ...size, motion: { ...motion, after: 2 } })).not.toThrow();
  });
});
