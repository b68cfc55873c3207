import { expect, it } from "vitest";
import { delayProblem } from "./delay.ts";

it("a step is left that is asked for, and none is given to a policy without a flow", () => {
  const policy = { variant: "pi0", actionHorizon: 4 } as const;
  expect(delayProblem({ ...policy, maxDelay: 3 })).toBeNull();
  expect(delayProblem({ ...policy, maxDelay: 4 })).toBe("expected fewer than policy.actionHorizon (4), got 4");
  const saying = { ...policy, variant: "pi0_fast" } as const;
  expect([delayProblem(saying), delayProblem({ ...saying, maxDelay: 0 })]).toEqual([null, null]);
  expect(delayProblem({ ...saying, maxDelay: 1 })).toBe(
    'expected 0 with policy.variant "pi0_fast", which learns no flow, got 1',
  );
  const without = { ...policy, variant: "pi0_prompt", maxDelay: 1 } as const;
  expect(delayProblem({ ...without, lossWeights: { flow: 0 } })).toContain("which learns no flow");
});
