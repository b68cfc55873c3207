import { expect, test } from "vitest";
import { InputError } from "../../input-error.ts";
import { HostArray, zeros } from "../host-array.ts";
import { encodeModel } from "../onnx.ts";
import { openSession } from "./session.ts";

const model = encodeModel({
  name: "double",
  nodes: [{ operator: "Add", domain: "", inputs: ["x", "x"], outputs: ["y"], attributes: {} }],
  inputs: [{ name: "x", type: "float32", shape: [2] }],
  outputs: [{ name: "y", type: "float32", shape: [2] }],
  initializers: [],
});

// Which devices a machine has is not known here: each must either compute, or be refused by name with a way out.
for (const [device, remedy] of [
  ["cuda", /^--device cuda: .*; bring the libraries by "armature doctor --install cuda"/],
  ["webgpu", /^--device webgpu: .*; install the GPU's .* driver/],
] as const)
  test(`${device} computes, or is refused with a way out; it never becomes the CPU in silence`, async () => {
    const y = zeros("i", [2], "float32");
    try {
      const session = openSession(model, { threads: 1, device });
      const x = new HostArray("i", [2], "float32", Float32Array.of(1.5, -2));
      await session.run(new Map([["x", x]]), new Map([["y", y]]));
      session.release();
      expect([...y.cells]).toEqual([3, -4]);
    } catch (error) {
      expect(error).toBeInstanceOf(InputError);
      if (error instanceof InputError) expect(error.message).toMatch(remedy);
    }
  });
