import { expect, test } from "vitest";
import { precisionMisfits } from "./precision.ts";

test("products in bf16 are the CPU's alone", () => {
  expect(precisionMisfits({ device: "cpu", precision: "bf16" })).toEqual([]);
  expect(precisionMisfits({ device: "webgpu" })).toEqual([]);
  expect(precisionMisfits({ device: "webgpu", precision: "float32" })).toEqual([]);
  const message = `must be "float32" on the device "webgpu": products in bf16 are the CPU's`;
  expect(precisionMisfits({ device: "webgpu", precision: "bf16" })).toEqual([{ path: ["precision"], message }]);
});
