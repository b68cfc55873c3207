import { afterAll, beforeAll, expect, it } from "vitest";
import { type FoundPolicy, findPolicy } from "../../serving/load.ts";
import { reachingRecipe } from "../../serving/testing/reaching.ts";
import { type MicroRun, trainMicroRun } from "../../training/testing/micro-run.ts";
import { liveRobot, rolloutChoiceOf, rolloutRobots } from "./robots.ts";

let run: MicroRun;
let policy: FoundPolicy;
beforeAll(async () => {
  run = await trainMicroRun(reachingRecipe, 1);
  policy = await findPolicy(run.folder);
});
afterAll(() => run.remove());

const starts = { episodes: 3, seed: 9 };

/** The same policy, of another recipe. */
function withPolicy(changes: Partial<FoundPolicy["recipe"]["policy"]>): FoundPolicy {
  const { recipe } = policy;
  return { ...policy, recipe: { ...recipe, policy: { ...recipe.policy, ...changes } } };
}

it("knows which simulated robot a robot of a policy is, and rolls it out as the command does", async () => {
  expect(rolloutRobots(policy)).toEqual([
    {
      dataset: "reaching",
      controlMode: "joint",
      dofs: 2,
      design: "reacher",
      problem: null,
      summary: "a planar arm of two joints reaches a coloured dot",
    },
  ]);
  const { design, execute, delay, episodes, seed, dataset } = rolloutChoiceOf(policy, 0, starts);
  expect([design.name, execute, delay, episodes, seed, dataset]).toEqual(["reacher", null, 0, 3, 9, "reaching"]);
  // Half of a chunk of six steps.
  expect((await liveRobot(run.folder, 0)).execution).toEqual({ execute: 3, delay: 0 });
});

it("says of a robot that is not simulated that it is none, and rolls out no other in its place", () => {
  const [robot] = policy.robots;
  const slower = { ...policy, robots: [{ ...robot!, framesPerSecond: 5 }] };
  expect(rolloutRobots(slower)[0]).toMatchObject({
    design: null,
    summary: "no simulated robot has its dofs, states, cameras and rate",
  });
  expect(() => rolloutChoiceOf(slower, 0, starts)).toThrow("expected a robot that is simulated, got another");
  expect(() => rolloutChoiceOf(policy, 1, starts)).toThrow("expected one of 1 robots, counted from 0, got 1");
});

it("says why a policy cannot act in a page: its actions are tokens, or its words are not bytes", () => {
  const problemOf = (changes: Parameters<typeof withPolicy>[0]) => rolloutRobots(withPolicy(changes))[0]!.problem;
  expect(problemOf({ tokenizer: "bytes", vocabulary: 300 })).toBeNull();
  expect(problemOf({ variant: "pi0_fast" })).toContain('got "pi0_fast", which says them as tokens');
  expect(problemOf({ tokenizer: { folder: "nowhere" } })).toContain("got one with a tokenizer of its own");
  expect(problemOf({ vocabulary: 300 })).toContain("got one with a tokenizer of its own");
});
