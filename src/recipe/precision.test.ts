import { expect, test } from "vitest";
import { momentMisfits, precisionMisfits } from "./precision.ts";

test("products in bf16 are the CPU's and a card's", () => {
  for (const device of ["cpu", "cuda"]) expect(precisionMisfits({ device, precision: "bf16" })).toEqual([]);
  expect(precisionMisfits({ device: "webgpu" })).toEqual([]);
  expect(precisionMisfits({ device: "webgpu", precision: "float32" })).toEqual([]);
  const message = `must be "float32" on the device "webgpu": products in bf16 are the CPU's and a card's`;
  expect(precisionMisfits({ device: "webgpu", precision: "bf16" })).toEqual([{ path: ["precision"], message }]);
});

test("moments in fewer bits than float32 are the CPU's", () => {
  const of = (device: string, moments?: "float32" | "bf16" | "fp8") =>
    momentMisfits({ device, optimizer: moments === undefined ? {} : { moments } });
  expect([of("cpu", "bf16"), of("cpu", "fp8"), of("cuda"), of("cuda", "float32")]).toEqual([[], [], [], []]);
  const message = `must be "float32" on the device "cuda", which keeps or updates them itself: those in fp8 are the CPU's`;
  expect(of("cuda", "fp8")).toEqual([{ path: ["optimizer", "moments"], message }]);
});
