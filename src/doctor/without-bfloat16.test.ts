import { expect, test } from "vitest";
import { withoutBfloat16 } from "../graph/bfloat16.ts";
import { differenceIn } from "../graph/difference.ts";
import { GraphLowering } from "../graph/lowering.ts";
import type { Operators } from "../graph/operation.ts";
import { computeOn } from "../graph/operator-check.ts";
import { feedsOf, programsOf } from "./operator-suite.ts";

// An answer's steps stand in the body of a loop, whose products are rounded too.
test.each(["pi0", "groot_n17"] as const)("the actions of %s are float32's where nothing is rounded", async (policy) => {
  const outputs = new Map(Object.entries(new Map(programsOf(policy)).get("actions")!));
  const written = (operators: Operators) => new GraphLowering(new Map(), operators).graph(outputs);
  const [plain, halves] = [written("runtime"), written("bfloat16")];
  const feeds = feedsOf(plain);
  const machine = { device: "cpu", threads: 2 } as const;
  const right = (await computeOn(machine, plain, feeds)).get("actions")!;
  const found = (await computeOn(machine, withoutBfloat16(halves), feeds)).get("actions")!;
  expect(differenceIn(right, found, 0)).toBeLessThan(1e-4);
});
