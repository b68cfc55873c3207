import { stepsUsed } from "../../client/action-queue.ts";
import { needLibav } from "../dataset/write/video.ts";
import type { RobotEnvironment } from "../simulation/environment.ts";
import { Films } from "../simulation/films.ts";
import { createRobot, findRobot } from "../simulation/robots.ts";
import { play, type Rollout } from "../simulation/rollout.ts";
import { compilePolicy, openPolicy } from "./load.ts";
import type { LoadedPolicy } from "./policy.ts";
import type { ServedRobot } from "./robot.ts";
import { decodeWeights, type PlayedShare, type RolloutShare } from "./rollout-share.ts";
import { PolicyController } from "./simulated.ts";

/** Hears of a share as it runs. */
export interface ShareWatcher {
  /** Robots and policy are ready; the episodes begin when this resolves. */
  ready(): Promise<void>;
  finished(rollout: Rollout): void;
}

/** Opens a share's policy and robots in this thread and runs its episodes. */
export async function playShare(share: RolloutShare, watcher: ShareWatcher): Promise<PlayedShare> {
  const { policy: found, weights, plan, rows, machine, chunking, weightKind } = share;
  const steps = stepsUsed(plan.execution);
  const robots = [found.robots[share.robot]!];
  // A robot that got nothing would end the rollout of all others: such answers are counted.
  const choice = { rows, steps, machine, chunking, weightKind, robots, brokenAnswers: "zeros" } as const;
  const policy =
    weights === null ? await openPolicy(found, choice) : await compilePolicy(found, decodeWeights(weights), choice);
  const environments: RobotEnvironment[] = [];
  try {
    const design = findRobot(share.design);
    for (let environment = 0; environment < share.environmentCount; environment++)
      environments.push(await createRobot(design, share.options));
    const films = share.folder === null ? null : new Films(await needLibav(), share.folder, design);
    await watcher.ready();
    return await playWith({ policy, robot: robots[0]!, robots: environments, films }, share, watcher);
  } finally {
    for (const environment of environments) environment.close();
    policy.release();
  }
}

interface Opened {
  readonly policy: LoadedPolicy;
  readonly robot: ServedRobot;
  readonly robots: readonly RobotEnvironment[];
  readonly films: Films | null;
}

async function playWith(
  { policy, robot, robots, films }: Opened,
  { environmentCount, plan, episodes, stop }: RolloutShare,
  { finished }: ShareWatcher,
): Promise<PlayedShare> {
  const { seed, execution } = plan;
  const options = { environmentCount, seed, delay: execution.delay };
  const controller = new PolicyController(policy, robot, options);
  try {
    const rollouts = await play({ robots, controller }, episodes, plan, {
      finished,
      filmed: (episode, pictures) => films?.add(episode, pictures),
      isStopped: () => Atomics.load(stop, 0) !== 0,
    });
    const { answers, ms } = controller;
    return { rollouts, answers, films: films?.paths ?? [], policySeconds: ms / 1000 };
  } finally {
    films?.finish();
  }
}
