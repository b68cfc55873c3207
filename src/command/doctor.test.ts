import { describe, expect, it } from "vitest";
import { z } from "zod";
import { deviceLines, doctor } from "./doctor.ts";
import { called } from "./testing/called.ts";

const armature = (...words: readonly string[]) => called([doctor], ["doctor", ...words]);

describe("doctor", () => {
  it("says what there is, and tries nothing where it is to be quick", async () => {
    const { status, out } = await armature("--quick", "--json");
    const named = z.array(z.object({ name: z.string(), found: z.string().nullable() }));
    const said = z.object({ machine: named, parts: named, devices: z.array(z.unknown()) }).parse(JSON.parse(out));
    expect(status).toBe(0);
    const found = new Map([...said.machine, ...said.parts].map(({ name, found }) => [name, found]));
    expect(found.get("Node.js")).toBe(process.version);
    expect(found.get("ONNX Runtime")).toBe("1.30.0");
    expect(found.get("processor")).toMatch(/, [1-9]\d* of [1-9]\d* cores for this process$/);
    expect(said.devices).toEqual([]);
  });

  it("says of a device that is not there how to bring it", () => {
    const why = "expected a GPU that WebGPU can use, got none; install its driver";
    expect(deviceLines({ device: "webgpu", state: "absent", why })).toBe(`webgpu            not there: ${why}`);
  });

  it("says of a device that is wrong in what, and by how much", () => {
    const findings = [
      { policy: "pi0", program: "gradient", operator: "And of [2, 4] [2, 1]", difference: 1 },
      { policy: "groot_n17", program: "actions", operator: null, difference: 0.4712 },
    ] as const;
    const report = { device: "cuda", state: "wrong", operators: 443, seconds: 12.3, findings } as const;
    expect(deviceLines(report).split("\n")).toEqual([
      "cuda              computes WRONG, and is not to be used: 443 operators and their programs as a whole in 12 s",
      "  And of [2, 4] [2, 1] is off by 1.0 of its largest cell (pi0, gradient)",
      "  the actions program as a whole, though each operator alone is right, is off by 0.47 of its largest cell (groot_n17, actions)",
    ]);
  });
});
