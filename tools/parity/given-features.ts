import { input } from "../../src/graph/array.ts";
import { type DataType, HostArray } from "../../src/graph/host-array.ts";
import { InputError } from "../../src/input-error.ts";
import type { Scope } from "../../src/nn/parameter.ts";
import type { Setting, TracedPolicy } from "../../src/objective/traced.ts";
import { observationInputs } from "../../src/policy/inputs.ts";
import type { Segment } from "../../src/policy/segment.ts";
import { TokenStream } from "../../src/policy/stream.ts";
import { SymbolicPadded, SymbolicValidity } from "../../src/validity/symbolic.ts";
import type { ReferenceCase } from "./case.ts";

/** Features of each sample, those of pictures first: attention over them does not depend on their order. */
export interface Features {
  /** `[b n e]` and `[b n]`. */
  readonly values: HostArray<"b n e">;
  readonly real: HostArray<"b n", "bool">;
  /** How many are of pictures. */
  readonly pictures: number;
}

/** @throws InputError where samples differ in how many of their features are of pictures */
export function featuresOf(reference: ReferenceCase): Features {
  const shape = reference.shape("in.backbone_features");
  const [rows = 0, count = 0, width = 0] = shape;
  const [values, real, ofPictures] = ["features", "mask"]
    .map((name) => reference.numbers(`in.backbone_${name}`))
    .concat([reference.numbers("in.image_mask")]);
  const order = Array.from({ length: rows }, (_, row) => {
    const places = Array.from({ length: count }, (_, at) => row * count + at);
    const isOf = (bit: number) => places.filter((at) => ofPictures![at] === bit);
    return { pictures: isOf(1), all: [...isOf(1), ...isOf(0)] };
  });
  const pictures = order[0]?.pictures.length ?? 0;
  if (order.some((row) => row.pictures.length !== pictures))
    throw new InputError("parity: expected as many features of pictures in each sample, got different numbers");
  const places = order.flatMap(({ all }) => all);
  const moved = places.flatMap((at) => [...values!.subarray(at * width, (at + 1) * width)]);
  return {
    values: new HostArray("b n e", shape, "float32", Float32Array.from(moved)),
    real: new HostArray(
      "b n",
      [rows, count],
      "bool",
      Uint8Array.from(places, (at) => real![at]!),
    ),
    pictures,
  };
}

const featureInputs = { pictures: "features.pictures", prompt: "features.prompt" } as const;

/** A policy that perceives features as they are fed. */
export function policyOverFeatures(
  scope: Scope,
  { layout, rules, pictures }: Setting,
  features: Features,
): TracedPolicy {
  const observation = observationInputs(layout, rules, pictures);
  const [rows = 0, count = 0, width = 0] = features.values.shape;
  const segment = (name: "pictures" | "prompt", length: number): Segment[] => {
    if (length === 0) return [];
    const real = SymbolicValidity.input(`${featureInputs[name]}.real`, "b n", [rows, length]);
    const values = input(featureInputs[name], "b n e", [rows, length, width], "float32");
    return [{ name, tokens: SymbolicPadded.of(values, real), keys: "real", sight: "joins-previous" }];
  };
  const segments = [...segment("pictures", features.pictures), ...segment("prompt", count - features.pictures)];
  const stream = TokenStream.of(scope, segments);
  return { observation, perceived: { observation, stream, tokens: stream.tokens, cache: [], stateKept: null } };
}

/** What the inputs of such a policy are fed. */
export function featureFeeds({ values, real, pictures }: Features): [string, HostArray<string, DataType>][] {
  const [rows = 0, count = 0, width = 0] = values.shape;
  const part = (name: "pictures" | "prompt", from: number, to: number): [string, HostArray<string, DataType>][] => {
    if (from === to) return [];
    const rowsOf = <T>(of: (row: number, at: number) => T) =>
      Array.from({ length: rows }, (_, row) => Array.from({ length: to - from }, (_, at) => of(row, from + at))).flat();
    const cellsOf = (row: number, at: number) => [
      ...values.cells.subarray((row * count + at) * width, (row * count + at + 1) * width),
    ];
    const numbers = Float32Array.from(rowsOf(cellsOf).flat());
    const bits = Uint8Array.from(rowsOf((row, at) => real.cells[row * count + at]!));
    return [
      [featureInputs[name], new HostArray("b n e", [rows, to - from, width], "float32", numbers)],
      [`${featureInputs[name]}.real`, new HostArray("b n", [rows, to - from], "bool", bits)],
    ];
  };
  return [...part("pictures", 0, pictures), ...part("prompt", pictures, count)];
}
