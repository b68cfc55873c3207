import { expect, test } from "vitest";
import { precisionMisfits } from "./precision.ts";

test("products in bf16 are the CPU's and a card's", () => {
  for (const device of ["cpu", "cuda"]) expect(precisionMisfits({ device, precision: "bf16" })).toEqual([]);
  expect(precisionMisfits({ device: "webgpu" })).toEqual([]);
  expect(precisionMisfits({ device: "webgpu", precision: "float32" })).toEqual([]);
  const message = `must be "float32" on the device "webgpu": products in bf16 are the CPU's and a card's`;
  expect(precisionMisfits({ device: "webgpu", precision: "bf16" })).toEqual([{ path: ["precision"], message }]);
});
