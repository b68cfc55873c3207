import { expect, it } from "vitest";
import { weightsOption } from "./weights.ts";

it("weights are read as they were trained unless another kind is named, and only as kinds that there are", () => {
  const read = (...texts: string[]) => weightsOption.read(texts, "--weights");
  expect([read("int8"), read("bf16"), read("int8", "float32")]).toEqual(["int8", "bf16", "float32"]);
  for (const given of ["bfloat16", "bf16x"])
    expect(() => read(given)).toThrow(new RegExp(`^--weights: expected .*float32, int8.*bf16.*got "${given}"$`));
});
