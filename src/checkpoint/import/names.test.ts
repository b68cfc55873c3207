import { expect, it } from "vitest";
import { zero } from "../../nn/parameter.ts";
import { affine, checkTensors, type ForeignNames, foreignTensors, within } from "./names.ts";

const names: ForeignNames = {
  project: "elsewhere",
  rows: within("head.block.*", "model.blocks.*", [...affine("in", "proj", "m", "e"), ["part.*.gain", "gains.*", "e"]]),
  tied: new Map([["model.blocks.0.proj.bias", "bias"]]),
  unused: new Set(["model.spare.*.weight"]),
  left: ["eyes"],
};

const forms = [
  { name: "head.block.0.in.weight", axes: "m e", shape: [3, 2], initial: zero },
  { name: "head.block.0.in.bias", axes: "m", shape: [3], initial: zero },
  { name: "head.block.12.part.7.gain", axes: "e", shape: [2], initial: zero },
];

const wanted = foreignTensors(names, forms);

/** What `checkTensors` says of a file. */
function said(found: Readonly<Record<string, readonly number[]>>): string {
  try {
    checkTensors("file", names, wanted, new Map(Object.entries(found)));
    return "nothing";
  } catch (error) {
    return error instanceof Error ? error.message : "";
  }
}

it("puts the numbers of a name into the other project's, in their order", () => {
  expect(wanted.map(({ name, shape }) => [name, shape])).toEqual([
    ["model.blocks.0.proj.weight", [3, 2]],
    ["model.blocks.0.proj.bias", [3]],
    ["model.blocks.12.gains.7", [2]],
  ]);
});

it("says in which order the other project has axes, where its row does, and takes no other for ours", () => {
  const form = { name: "by.robot", axes: "u e j", shape: [4, 3, 2], initial: zero };
  const rows = [["by.robot", "W", "u j e", "u e j"]] as const;
  expect(foreignTensors({ project: "elsewhere", rows }, [form])).toEqual([
    { parameter: "by.robot", name: "W", shape: [4, 2, 3], axes: "u j e" },
  ]);
  expect(() => foreignTensors({ project: "elsewhere", rows: [["by.robot", "W", "u j e"]] }, [form])).toThrow(
    'elsewhere: expected "by.robot" with the axes "u j e", got "u e j"',
  );
});

const whole = { "model.blocks.0.proj.weight": [3, 2], "model.blocks.0.proj.bias": [3], "model.blocks.12.gains.7": [2] };

it("takes a file that holds what is wanted, under either name of a tied pair, and what nobody reads", () => {
  expect(said(whole)).toBe("nothing");
  expect(said({ ...whole, "model.spare.3.weight": [9] })).toBe("nothing");
  expect(said({ ...whole, "eyes.layer.3": [9] })).toBe("nothing");
  expect(said({ ...whole, "model.eyes.3": [9], "eyesight.3": [9] })).toBe(
    'file: expected no more tensors, got "model.eyes.3", "eyesight.3"',
  );
  const { "model.blocks.0.proj.bias": bias, ...others } = whole;
  expect(said({ ...others, bias })).toBe("nothing");
  expect(said({ ...whole, bias })).toBe("nothing");
});

it("says what is missing, of another shape, and left", () => {
  expect(said({ "model.blocks.0.proj.weight": [2, 3], "model.blocks.0.proj.bias": [3], more: [1] })).toBe(
    'file: expected "model.blocks.12.gains.7", got none of that name; ' +
      'expected other shapes: "model.blocks.0.proj.weight" [2,3] for [3,2]; expected no more tensors, got "more"',
  );
});
