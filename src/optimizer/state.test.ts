import { expect, test } from "vitest";
import { HostArray } from "../graph/host-array.ts";
import { initialValues, type ParameterForm } from "../nn/parameter.ts";
import { initialState } from "./state.ts";

test("training begins with the weights of the seed, moments of 0 and averages that are the weights", () => {
  const forms: ParameterForm[] = [
    { name: "map", axes: "i", shape: [3], initial: { kind: "normal", deviation: 1 } },
    { name: "frozen", axes: "i", shape: [2], initial: { kind: "constant", value: 5 } },
  ];
  const weights = initialValues(forms, 4);
  const state = initialState(forms, new Set(["map"]), { seed: 4, keepsAverages: true });
  expect(state.step).toBe(0);
  expect(new Map(state.parameters)).toEqual(weights);
  expect([...state.trained].map(([name]) => name)).toEqual(["map"]);
  expect(new Map(state.ema!)).toEqual(new Map([["map", weights.get("map")!]]));
  const nothing = new Map([["map", new HostArray("i", [3], "float32", new Float32Array(3))]]);
  expect([new Map(state.first), new Map(state.second)]).toEqual([nothing, nothing]);
  expect(initialState(forms, new Set(["map"]), { seed: 4, keepsAverages: false }).ema).toBeNull();
});
