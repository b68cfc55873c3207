import { describe, expect, it } from "vitest";
import { InputError } from "../input-error.ts";
import { checkParameters, type ParameterShape } from "./weights.ts";

const policy = new Map<string, ParameterShape>([
  ["embedding", { axes: "y e", shape: [256, 8] }],
  ["head.bias", { axes: "d", shape: [44] }],
  ["head.weight", { axes: "e d", shape: [8, 44] }],
]);

describe("checkParameters", () => {
  it("takes the policy's own parameters in any order", () => {
    expect(() => checkParameters("runs/a", new Map([...policy].reverse()), policy)).not.toThrow();
  });

  it("names four of many that are missing, and how many more there are", () => {
    const names = ["a", "b", "c", "d", "e", "f"];
    const many = new Map(names.map((name) => [name, { axes: "d", shape: [1] }]));
    expect(() => checkParameters("runs/a", new Map(), many)).toThrow(
      new InputError("runs/a: expected the policy's own parameters, got 6 missing: a, b, c, d and 2 more"),
    );
  });

  it("lists every missing and leftover name and every other shape or order of axes", () => {
    const found = new Map<string, ParameterShape>([
      ["embedding", { axes: "e y", shape: [256, 8] }],
      ["head.weight", { axes: "e d", shape: [8, 26] }],
      ["tail.bias", { axes: "d", shape: [44] }],
      ["tail.weight", { axes: "e d", shape: [8, 44] }],
    ]);
    expect(() => checkParameters("runs/a", found, policy)).toThrow(
      new InputError(
        "runs/a: expected the policy's own parameters, got 1 missing: head.bias; 2 leftover: tail.bias, tail.weight; " +
          '2 of another shape: embedding (expected "y e" [256, 8], got "e y" [256, 8]), ' +
          'head.weight (expected "e d" [8, 44], got "e d" [8, 26])',
      ),
    );
  });
});
