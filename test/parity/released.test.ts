import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { isWithin } from "../../tools/parity/compare.ts";
import { compareFolder } from "../../tools/parity/run.ts";

/**
 * Small checkpoints in the format of their projects, with what these computed: `docs/your-weights.md` says how they were made.
 * Each is held here against its own numbers, and `armature parity` does the same with any other folder of the kind.
 */
const released = [
  "pi0",
  "pi0/openpi",
  "pi05",
  "pi05/openpi",
  "smolvla",
  "smolvla_marked",
  "groot_n1_5",
  "groot_n1_7",
] as const;

describe.each(released)("%s computes here what its origin computed", (name) => {
  it("in velocities, losses, gradients and chunks", async () => {
    const { compared } = await compareFolder(join(import.meta.dirname, "released", name));
    expect(compared.filter((one) => !isWithin(one))).toEqual([]);
    const names = compared.map((one) => one.name);
    expect(names.slice(0, 4)).toEqual(["out.velocity", "out.loss", "out.objective", "out.sampled"]);
    expect(names.filter((one) => one.startsWith("grad.")).length).toBeGreaterThanOrEqual(10);
  });
});

it("pi0_fast computes here what its origin computed, in logits, losses and gradients, and says the same tokens", async () => {
  const { compared } = await compareFolder(join(import.meta.dirname, "released", "pi0_fast"));
  expect(compared.filter((one) => !isWithin(one))).toEqual([]);
  const names = compared.map((one) => one.name);
  expect(names.slice(0, 5)).toEqual([
    "out.logits",
    "out.loss",
    "out.objective",
    "out.decoded",
    "out.decoded_without_cache",
  ]);
  expect(names.filter((one) => one.startsWith("grad.")).length).toBeGreaterThanOrEqual(10);
});
