import { expect, test } from "vitest";
import { HostArray } from "../src/graph/host-array.ts";
import { formulaValues } from "../test/parity/formula.ts";
import { fusedTraining, type Start, separateTraining } from "./training.ts";
import { shapes, traceTransformer } from "./transformer.ts";

/** `python bench/pytorch_engine.py --threads 2 --parity --shape B8T64D256 --mode eager`, torch 2.15. */
const losses = [0.4213639497756958, 0.3879367411136627, 0.3569577932357788, 0.33604854345321655];

test.each([
  ["separate programs", separateTraining],
  ["one fused program", fusedTraining],
])("%s compute PyTorch's losses before each of the first steps", async (_, begin) => {
  const training = await begin(formulaStart(), { device: "cpu", threads: 2 });
  for (const [step, expected] of losses.entries()) {
    const loss = await training.step();
    // 5e-7: float32 in another order of summation; seen are 2e-7.
    expect(Math.abs(loss / expected - 1), `step ${step}: ${loss}`).toBeLessThan(5e-7);
  }
  training.release();
});

/** The weights and the batch that `bench/pytorch_engine.py` begins with. */
function formulaStart(): Start {
  const shape = shapes.B8T64D256;
  const { parameters } = traceTransformer(shape);
  const values = parameters.map(({ name, axes, shape: sizes }) => {
    const isGain = name.includes("norm") && name.endsWith(".weight");
    const isMatrix = name.endsWith(".weight") && !isGain;
    const count = sizes.reduce((product, size) => product * size, 1);
    const inputs = name.endsWith("fc2.weight") ? 4 * shape.width : shape.width;
    const scale = isMatrix ? 0.5 / Math.sqrt(inputs) : 0.1;
    return [name, new HostArray(axes, sizes, "float32", formulaValues(name, count, scale, isGain ? 1 : 0))] as const;
  });
  const batch = (name: string) => {
    const sizes = [shape.rows, shape.tokens, shape.width];
    return new HostArray("b n e", sizes, "float32", formulaValues(`engine/${name}`, 8 * 64 * 256, 1, 0));
  };
  return { shape, parameters: new Map(values), input: batch("input"), target: batch("target") };
}
