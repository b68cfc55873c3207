import { expect, it } from "vitest";
import { HostArray } from "../graph/host-array.ts";
import { zero } from "../nn/parameter.ts";
import { stateFrom } from "./weights.ts";

const cells = (...values: number[]) => new HostArray("e", [values.length], "float32", Float32Array.from(values));
const form = (name: string, size: number) => ({ name, axes: "e", shape: [size], initial: zero });

it("weights of another policy are no state to go on from, and every difference is said", () => {
  const weights = {
    parameters: new Map([
      ["bias", cells(1, 2)],
      ["gate", cells(3)],
    ]),
    firstMoments: new Map([["bias", cells(4, 5)]]),
    secondMoments: new Map([["bias", cells(6, 7)]]),
    ema: null,
  };
  const { step, parameters, trained } = stateFrom("runs/1", weights, 3, [form("bias", 2), form("gate", 1)]);
  expect([step, [...parameters.get("gate")!.cells], [...trained.keys()]]).toEqual([3, [3], ["bias"]]);
  expect(() => stateFrom("runs/1", weights, 3, [form("bias", 3), form("head", 1)])).toThrow(
    'runs/1: expected the policy\'s own parameters, got 1 missing: head; 1 leftover: gate; 1 of another shape: bias (expected "e" [3], got "e" [2])',
  );
});
