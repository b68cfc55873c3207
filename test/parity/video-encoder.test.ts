import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { constant, input } from "../../src/graph/array.ts";
import { gradient } from "../../src/graph/gradient.ts";
import { type DataType, HostArray } from "../../src/graph/host-array.ts";
import { sum } from "../../src/graph/op/align.ts";
import { multiply } from "../../src/graph/op/elementwise.ts";
import { expectClose } from "../../src/graph/testing/close.ts";
import { bits, evaluate, floats } from "../../src/graph/testing/evaluate.ts";
import { Scope } from "../../src/nn/parameter.ts";
import { towers } from "../../src/policy/tower.ts";
import { timeOffsets } from "../../src/policy/video.ts";
import { encodePictures } from "../../src/policy/vision.ts";
import { Rules } from "../../src/validity/rules.ts";
import { SymbolicPadded, SymbolicValidity } from "../../src/validity/symbolic.ts";
import { formulaBytes, formulaValues } from "./formula.ts";
import { expectGradient, fewLayers, formulaWeights, gradientSchema, parametersSchema } from "./reference.ts";

const numbers = z.array(z.number());
const file = z.object({
  config: z.object({
    picture: z.number(),
    patch: z.number(),
    width: z.number(),
    mlp: z.number(),
    layers: z.number(),
    heads: z.number(),
    temporalEvery: z.number(),
  }),
  real: z.object({ cells: z.array(z.array(numbers)) }),
  offsets: z.object({ cells: numbers }),
  parameters: parametersSchema,
  float64: z.object({ seen: numbers, gradients: z.record(z.string(), gradientSchema) }),
});
const reference = file.parse(JSON.parse(readFileSync(new URL("video-encoder.json", import.meta.url), "utf8")));
const [rows, slots, views, patches, width] = [2, 3, 2, 4, 16];

describe("the tower that looks back is PyTorch's", () => {
  const scope = Scope.root(Rules.all);
  const images = input("images", "b o v h w c", [rows, slots, views, 16, 16, 3], "uint8");
  const real = SymbolicValidity.input("real", "b o v", [rows, slots, views]);
  const tower = { choice: towers.siglip, size: { ...reference.config, square: 1 } };
  const seen = encodePictures(scope.in("tower"), tower, SymbolicPadded.of(images, real));
  const isReal = reference.real.cells;
  /** A view that is not there now promises nothing. */
  const promised = (cells: ArrayLike<number>) =>
    Float64Array.from(cells, (cell, at) => {
      const row = Math.floor(at / (views * patches * width));
      const view = Math.floor(at / (patches * width)) % views;
      return isReal[row]![slots - 1]![view] === 1 ? cell : 0;
    });
  let found: Record<string, Float64Array>;

  beforeAll(async () => {
    const direction = promised(formulaValues("video-encoder/direction", rows * views * patches * width, 1, 0));
    const weights = constant(floats("float32", "b n e", [rows * views, patches, width], direction));
    const names = scope.parameters.map(({ name }) => `of ${name}`);
    const slopes = gradient(
      sum(multiply(seen, weights), ""),
      scope.parameters.map(({ array }) => array),
    );
    const outputs = { seen, ...Object.fromEntries(slopes.map((slope, at) => [names[at]!, slope])) };
    const pictures = formulaBytes("video-encoder/images", rows * slots * views * 16 * 16 * 3);
    const feeds = new Map<string, HostArray<string, DataType>>([
      ["images", new HostArray("b o v h w c", [rows, slots, views, 16, 16, 3], "uint8", pictures)],
      ["real", bits("b o v", [rows, slots, views], isReal.flat(2))],
      ...formulaWeights(scope.parameters, reference.parameters),
    ]);
    found = await evaluate(outputs, { feeds, threads: 2, fixed: new Map() });
  });

  it("in the offsets in time", () => {
    expectClose("offsets", timeOffsets(slots, width).cells, reference.offsets.cells, {
      absolute: 1e-7,
      relative: 0,
      because: "rounded to float32 from float64",
    });
  });

  it("in the tokens of every view that is there now", () => {
    expectClose("seen", promised(found.seen!), reference.float64.seen, {
      absolute: 2e-6,
      relative: 1e-6,
      because: "float32 through five layers",
    });
  });

  it("in the gradient of every parameter, of which there is one copy", () => {
    const names = scope.parameters.map(({ name }) => name);
    expect(Object.keys(reference.float64.gradients).sort()).toEqual([...names].sort());
    for (const name of names) expectGradient(name, found[`of ${name}`]!, reference.float64.gradients[name]!, fewLayers);
  });
});
