import { z } from "zod";
import { cells } from "../../src/graph/axes.ts";
import { expectClose } from "../../src/graph/testing/close.ts";
import { floats } from "../../src/graph/testing/evaluate.ts";
import type { ParameterForm, ParameterValues } from "../../src/nn/parameter.ts";
import { formulaValues } from "./formula.ts";

const numbers = z.array(z.number());

/** Sizes of a trunk, as the scripts write them. */
export const trunkSchema = z.object({
  width: z.number(),
  layers: z.number(),
  mlp: z.number(),
  heads: z.number(),
  keyHeads: z.number(),
  headWidth: z.number(),
});

const visionSchema = z.object({
  picture: z.number(),
  patch: z.number(),
  square: z.number(),
  width: z.number(),
  layers: z.number(),
  mlp: z.number(),
  heads: z.number(),
  temporalEvery: z.number(),
});

/** Sizes of a policy with an expert, as the scripts write them. */
export const sizesSchema = z.object({ vision: visionSchema, backbone: trunkSchema, expert: trunkSchema });

/** How `video_encoder.py` describes a gradient: along a random direction, its sum, its length and its first cells. */
export const gradientSchema = z.object({ dot: z.number(), sum: z.number(), norm: z.number(), first: numbers });

/** How `video_encoder.py` describes parameters. */
export const parametersSchema = z.record(
  z.string(),
  z.object({ shape: numbers, scale: z.number(), offset: z.number() }),
);

/**
 * Weights that the formula makes under our own names. Axes that a reference has as one hold the same cells in the same order.
 *
 * @throws Error if the reference and the model differ in a parameter's name or number of cells
 */
export function formulaWeights(
  forms: readonly ParameterForm[],
  described: z.infer<typeof parametersSchema>,
): ParameterValues {
  const [ours, theirs] = [forms.map(({ name }) => name).sort(), Object.keys(described).sort()];
  if (ours.join() !== theirs.join()) throw new Error(`expected the parameters ${theirs}, got ${ours}`);
  return new Map(
    forms.map(({ name, axes, shape }) => {
      const known = described[name]!;
      if (cells(known.shape) !== cells(shape)) throw new Error(`${name}: expected [${known.shape}], got [${shape}]`);
      return [name, floats("float32", axes, shape, formulaValues(name, cells(shape), known.scale, known.offset))];
    }),
  );
}

/** Share of a gradient's length by which float32 passes through a few layers of a micro size are apart. */
export const fewLayers = 4e-6;

/**
 * Holds a gradient against PyTorch's, along a random direction and in its first cells.
 *
 * @param apart how far they may be apart, as a share of its length
 */
export function expectGradient(
  name: string,
  got: Float64Array,
  wanted: z.infer<typeof gradientSchema>,
  apart: number,
): void {
  const direction = formulaValues(`${name} direction`, got.length, 1, 0);
  const total = (cell: (at: number) => number) => got.reduce((sum, _, at) => sum + cell(at), 0);
  expectClose(
    name,
    [
      total((at) => got[at]! * direction[at]!),
      total((at) => got[at]!),
      Math.sqrt(total((at) => got[at]! ** 2)),
      ...got.slice(0, 4),
    ],
    [wanted.dot, wanted.sum, wanted.norm, ...wanted.first],
    { absolute: 2e-7 + apart * wanted.norm, relative: 0, because: "float32 through a forward and a backward pass" },
  );
}
