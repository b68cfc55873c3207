import { describe, expect, it } from "vitest";
import { input, type SymbolicArray } from "../graph/array.ts";
import { zeros } from "../graph/host-array.ts";
import { expectSameBits } from "../graph/testing/bits.ts";
import { expectClose } from "../graph/testing/close.ts";
import { bits, evaluate, floats, named } from "../graph/testing/evaluate.ts";
import { hiddenPoison, Scope } from "../nn/parameter.ts";
import { randomWeights } from "../nn/testing/random-weights.ts";
import { Rules } from "../validity/rules.ts";
import { SymbolicPadded, SymbolicValidity } from "../validity/symbolic.ts";
import type { VisionSize } from "./size.ts";
import { type TowerChoice, towers } from "./tower.ts";
import { timeOffsets } from "./video.ts";
import { encodePictures } from "./vision.ts";

const size: VisionSize = {
  picture: 16,
  patch: 8,
  square: 1,
  width: 16,
  layers: 5,
  mlp: 24,
  heads: 2,
  temporalEvery: 2,
};
const [rows, views] = [2, 2];
const perSlot = views * 16 * 16 * 3;

/** A tower over some slots: one row per sample and view, four patches, 16 numbers. */
function tower(slots: number, rules = Rules.all, own = size, choice: TowerChoice = towers.siglip) {
  const scope = Scope.poisonable(rules);
  const images = input("images", "b o v h w c", [rows, slots, views, 16, 16, 3], "uint8");
  const real = SymbolicValidity.input("real", "b o v", [rows, slots, views]);
  const tokens: SymbolicArray<"b n e"> = encodePictures(scope, { choice, size: own }, SymbolicPadded.of(images, real));
  return { tokens, scope };
}

interface Shown {
  /** Which slots are real, of each sample. */
  readonly real: readonly (readonly number[])[];
  /** Number that the pixels of a slot of a sample follow from; a slot of the same number shows the same. */
  readonly content: readonly (readonly number[])[];
  readonly poison: number;
}

async function look({ tokens, scope }: ReturnType<typeof tower>, { real, content, poison }: Shown) {
  const slots = real[0]!.length;
  const images = zeros("b o v h w c", [rows, slots, views, 16, 16, 3], "uint8");
  for (const [at, number] of content.flat().entries())
    for (let cell = 0; cell < perSlot; cell++)
      images.cells[at * perSlot + cell] = (131 * number + 7 * cell * (number + 1) + Math.floor(cell / 48)) % 256;
  const feeds = named({
    images,
    real: bits(
      "b o v",
      [rows, slots, views],
      real.flatMap((each) => each.flatMap((bit) => [bit, bit])),
    ),
    [hiddenPoison]: floats("float32", "", [], [poison]),
  });
  const found = await evaluate({ tokens }, { feeds, threads: 2, fixed: randomWeights(scope.parameters, 1) });
  return found.tokens;
}

const alone: Shown = { real: [[1], [1]], content: [[5], [6]], poison: 0 };
const early: Shown = {
  real: [
    [0, 1, 1],
    [0, 0, 1],
  ],
  content: [
    [1, 2, 5],
    [3, 4, 6],
  ],
  poison: 0,
};

describe("one slot", () => {
  it("is the plain tower to the bit, however often a layer would look back", async () => {
    const plain = await look(tower(1, Rules.all, { ...size, temporalEvery: 100 }), alone);
    for (const temporalEvery of [1, 2, 5])
      expectSameBits("now", await look(tower(1, Rules.all, { ...size, temporalEvery }), alone), plain);
  });

  it("has the weights of three, each once", () => {
    const names = (slots: number) => tower(slots).scope.parameters.map(({ name, shape }) => `${name} [${shape}]`);
    expect(names(3)).toEqual(names(1));
    expect(new Set(names(3)).size).toBe(names(3).length);
  });
});

it.each([
  ["siglip", [0, 1, 2, 3]],
  ["siglipByPatch", [0]],
] as const)("what one patch shows reaches the tokens of those that read it: %s", async (name, reached) => {
  const { tokens, scope } = tower(1, Rules.all, size, towers[name]);
  const fixed = randomWeights(scope.parameters, 1);
  const seen = async (corner: number) => {
    const images = zeros("b o v h w c", [rows, 1, views, 16, 16, 3], "uint8");
    images.cells[0] = corner;
    const real = bits("b o v", [rows, 1, views], [1, 1, 1, 1]);
    const feeds = named({ images, real, [hiddenPoison]: floats("float32", "", [], [0]) });
    return (await evaluate({ tokens }, { feeds, threads: 1, fixed })).tokens;
  };
  const [dark, light] = [await seen(0), await seen(255)];
  const isOther = (patch: number) => dark.some((cell, at) => Math.floor(at / 16) === patch && cell !== light[at]);
  expect([...Array(4 * rows * views).keys()].filter(isOther)).toEqual(reached);
});

describe("history", () => {
  it("that is real is seen", async () => {
    const before = await look(tower(3), early);
    const after = await look(tower(3), {
      ...early,
      content: [
        [1, 9, 5],
        [3, 4, 6],
      ],
    });
    const [first, second] = [before.slice(0, 128), before.slice(128)];
    expect(first.some((cell, at) => Math.abs(cell - after[at]!) > 1e-3)).toBe(true);
    expectSameBits("the other sample", after.slice(128), second);
  });

  it("that is not real changes nothing, to the bit: neither its pixels nor its hidden states", async () => {
    const before = await look(tower(3), early);
    const other = {
      ...early,
      content: [
        [8, 2, 5],
        [0, 7, 6],
      ],
    };
    expectSameBits("other pixels", await look(tower(3), other), before);
    expectSameBits("other hidden states", await look(tower(3), { ...early, poison: 3 }), before);
  });

  it("that is not real is read where the rule that hides it is switched off (OpenTau#253)", async () => {
    const rules = Rules.without("history-keys");
    const [before, kept] = [await look(tower(3, rules), early), await look(tower(3), early)];
    expect(before.some((cell, at) => Math.abs(cell - kept[at]!) > 1e-3)).toBe(true);
    const poisoned = await look(tower(3, rules), { ...early, poison: 3 });
    expect(before.some((cell, at) => Math.abs(cell - poisoned[at]!) > 1e-3)).toBe(true);
  });

  it("of which nothing is real leaves the plain tower's numbers", async () => {
    const nothing: Shown = {
      real: [
        [0, 0, 1],
        [0, 0, 1],
      ],
      content: [
        [1, 2, 5],
        [3, 4, 6],
      ],
      poison: 0,
    };
    expectClose("now", await look(tower(3), nothing), await look(tower(1), alone), {
      absolute: 2e-6,
      relative: 0,
      because: "float32 through five layers: products of other sizes add up in another order",
    });
  });

  it("with more slots that do not exist leaves the numbers", async () => {
    const more: Shown = {
      real: [
        [0, 0, 1, 1],
        [0, 0, 0, 1],
      ],
      content: [
        [9, 9, 2, 5],
        [9, 9, 9, 6],
      ],
      poison: 0,
    };
    expectClose("now", await look(tower(4), more), await look(tower(3), early), {
      absolute: 2e-6,
      relative: 0,
      because: "float32 through five layers: products of other sizes add up in another order",
    });
  });
});

describe("offsets in time", () => {
  it("are exactly 0 now, and sines and cosines of the slots before, less one", () => {
    const { cells } = timeOffsets(3, 4);
    expect([...cells.slice(8)]).toEqual([0, 0, 0, 0]);
    const angles = [(2 * Math.PI * -2) / 4e-3, (2 * Math.PI * -2) / 40];
    const expected = [...angles.map(Math.sin), ...angles.map((angle) => Math.cos(angle) - 1)];
    for (const [at, value] of expected.entries()) expect(cells[at]).toBeCloseTo(value, 6);
  });

  it("of more slots end with those of fewer", () => {
    expectSameBits("rows", timeOffsets(5, 8).cells.slice(16), timeOffsets(3, 8).cells);
  });

  it("past the longest period are refused", () => {
    expect(() => timeOffsets(42, 4)).toThrow("expected at most 41 slots and an even width, got 42 and 4");
  });
});
