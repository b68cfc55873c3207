import { describe, expect, test } from "vitest";
import { differenceIn, largestCell } from "../graph/difference.ts";
import { GraphLowering } from "../graph/lowering.ts";
import type { Operators } from "../graph/operation.ts";
import { computeOn } from "../graph/operator-check.ts";
import { feedsOf, programsOf, suitePolicies } from "./operator-suite.ts";

// What is written for a card is standard enough for the CPU too: so its arithmetic is tried here, where there is no card.
describe.each(suitePolicies)("the gradient of %s in the operators of a card", (policy) => {
  test("is that in the CPU's", async () => {
    const [, outputs] = programsOf(policy)[0]!;
    const written = (operators: Operators) =>
      new GraphLowering(new Map(), operators).graph(new Map(Object.entries(outputs)));
    const [plain, card] = [written("runtime"), written("cuda")];
    const feeds = feedsOf(plain);
    const machine = { device: "cpu", threads: 2 } as const;
    const [right, found] = [await computeOn(machine, plain, feeds), await computeOn(machine, card, feeds)];
    const floor = 1e-4 * Math.max(...[...right.values()].map(largestCell));
    for (const [name, array] of right)
      expect.soft(differenceIn(array, found.get(name)!, floor), name).toBeLessThan(1e-4);
  });

  test.each(["cuda", "webgpu"] as const)("adds nothing up where threads of %s would meet", (operators) => {
    const [, outputs] = programsOf(policy)[0]!;
    const { nodes } = new GraphLowering(new Map(), operators).graph(new Map(Object.entries(outputs)));
    const adding = nodes.filter(({ attributes: { reduction } }) => reduction !== undefined && "string" in reduction);
    expect(adding).toEqual([]);
  });
});
