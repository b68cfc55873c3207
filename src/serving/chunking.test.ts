import { expect, it } from "vitest";
import { craneRecipe } from "../recipe/testing/cranes.ts";
import { chunkingOf, chunkingProblem } from "./chunking.ts";

it("LeRobot's way has its schedule and weight, and the gradient of the first term alone", () => {
  const guided = { kind: "guided", schedule: "linear", greatestWeight: 10, horizon: null };
  expect(chunkingOf("guided-as-lerobot")).toEqual({ ...guided, gradient: "first term" });
  expect(chunkingOf("guided")).toEqual({ ...guided, gradient: "whole" });
  expect([chunkingOf("none"), chunkingOf("frozen")]).toEqual([undefined, { kind: "frozen" }]);
});

it("frozen chunks ask for a policy that was trained with given steps, and any for one with a flow", () => {
  const { policy } = craneRecipe;
  const delayed = { policy: { ...policy, maxDelay: 2 } };
  const saying = { policy: { ...policy, variant: "pi0_fast" } } as const;
  expect(chunkingProblem(undefined, saying)).toBeNull();
  expect(chunkingProblem({ kind: "frozen" }, delayed)).toBeNull();
  expect(chunkingProblem(chunkingOf("guided"), { policy })).toBeNull();
  expect(chunkingProblem({ kind: "frozen" }, { policy })).toContain("trained with policy.maxDelay, got one without");
  expect(chunkingProblem(chunkingOf("guided"), saying)).toContain('"pi0_fast", which has no flow, got "guided"');
});
