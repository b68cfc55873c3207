import type { AuditReport } from "../audit/verdict.ts";
import type { WeightsValidation } from "../metric/group.ts";
import { programCall } from "../own-package.ts";
import type { Recipe } from "../recipe/schema.ts";
import type { Score } from "../serving/roll-out.ts";
import type { BatchMapJson } from "./padding/batch-map.ts";
import type { RunPart } from "./run-follower.ts";

/** What the demo did and found: all that its pages show. */
export interface DemoStory {
  readonly recipe: Recipe;
  /** Pixels of the side of the pictures that the robots show the policy; `null` where it sees none. */
  readonly seen: number | null;
  /** Numbers that the policy learns. */
  readonly weights: number;
  readonly robots: readonly DemoRobot[];
  /** Rollouts of each robot, before training and after. */
  readonly starts: number;
  /** What is real in the first batch of the training. */
  readonly batch: BatchMapJson;
  /** On held-out episodes; the first before the first step, the last of the trained weights. */
  readonly validations: readonly ValidatedStep[];
  /** All that the run has logged. */
  readonly log: RunPart;
  readonly audit: AuditReport;
  readonly phases: readonly Phase[];
  readonly seconds: number;
  /** Folder of the run; pages show it as it is typed from where the demo ran. */
  readonly run: string;
}

/** One robot of the mixture, from its recordings to its rollouts. */
export interface DemoRobot {
  /** Also the name of its dataset. */
  readonly name: string;
  /** What it is to do. */
  readonly summary: string;
  readonly dofs: number;
  readonly controlMode: string;
  readonly episodes: number;
  readonly frames: number;
  readonly untrained: Played;
  readonly trained: Played;
}

/** How weights did in closed loop. */
export interface Played {
  readonly successes: number;
  readonly score: Score;
  readonly films: readonly FilmedRollout[];
}

/** One rollout that was filmed. */
export interface FilmedRollout {
  readonly episode: number;
  readonly isSuccess: boolean;
  readonly mp4: Uint8Array;
}

/** Losses of held-out episodes at a step. */
export interface ValidatedStep {
  readonly step: number;
  readonly validation: WeightsValidation;
}

/** A part of the demo. */
export interface Phase {
  readonly name: string;
  readonly seconds: number;
}

/** How the policy knows where its goals are. */
export function sightOf({ policy }: Pick<Recipe, "policy">): readonly string[] {
  if (policy.views.length > 0) return ["Its eyes are open: where a goal is stands in the pictures alone."];
  return [
    "Its eyes are closed: the state tells each robot where its goal is.",
    `How far a policy comes that has to find it in pictures: ${programCall} demo --sees.`,
  ];
}

/** What to type next. */
export function nextCommands({
  run,
  robots,
  seen,
}: Pick<DemoStory, "run" | "robots" | "seen">): { line: string; shows: string }[] {
  const robot = robots[0]?.name ?? "";
  const pictures = seen === null ? "" : ` --set imageSize=${seen}`;
  return [
    { line: `${programCall} validate ${run}`, shows: "the same losses, to the bit, and errors of actions by dof" },
    {
      line: `${programCall} rollout ${run} --robot ${robot} --episodes 50 --video films${pictures}`,
      shows: "other starts, filmed",
    },
    {
      line: `${programCall} audit ${run} --break input-side`,
      shows: "what the audit says where a rule is switched off",
    },
  ];
}
