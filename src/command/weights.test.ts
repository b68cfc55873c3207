import { expect, it } from "vitest";
import { weightsOption } from "./weights.ts";

it("weights are held in kinds that the runtime multiplies, and bfloat16 is told why it is none", () => {
  const read = (...texts: string[]) => weightsOption.read(texts, "--weights");
  expect([read("int8"), read("int8", "float32")]).toEqual(["int8", "float32"]);
  for (const given of ["bf16", "bfloat16", "BF16"])
    expect(() => read(given)).toThrow(
      `--weights: expected float32 or int8, got "${given}": ONNX Runtime has no products of it on processors, where each would be made float32 first; take int8`,
    );
  expect(() => read("bf16x")).toThrow(/^--weights: expected .*int8.*got "bf16x"$/);
});
