import { expect, it } from "vitest";
import { expectSameBits } from "../graph/testing/bits.ts";
import { evaluate, plainly } from "../graph/testing/evaluate.ts";
import { initialValues, Scope } from "../nn/parameter.ts";
import { Rules } from "../validity/rules.ts";
import { patchPositions } from "./patch-position.ts";

it("a table that is resized to its own side is what a table of that side is, to the bit", async () => {
  const of = async (choice: Parameters<typeof patchPositions>[1]) => {
    const scope = Scope.root(Rules.all);
    const positions = patchPositions(scope, choice, 3, 8);
    const fixed = initialValues(scope.parameters, 1);
    return (await evaluate({ positions }, { ...plainly, fixed })).positions;
  };
  expectSameBits("positions", await of({ kind: "resized", side: 3 }), await of({ kind: "learnt" }));
});

it("sines and cosines are no parameter, and are 0 and 1 at the first patch", async () => {
  const scope = Scope.root(Rules.all);
  const { positions } = await evaluate({ positions: patchPositions(scope, { kind: "sine-cosine" }, 2, 8) }, plainly);
  expect([...positions.slice(0, 8)]).toEqual([0, 0, 1, 1, 0, 0, 1, 1]);
  expect(scope.parameters).toEqual([]);
});

it.each([4, 10])("sines and cosines of width %d are refused", (width) => {
  expect(() => patchPositions(Scope.root(Rules.all), { kind: "sine-cosine" }, 2, width)).toThrow(
    `patchPositions: expected a width that is a multiple of 4, from 8, got ${width}`,
  );
});
