import { relative, resolve } from "node:path";
import type { PolicyRollouts } from "../serving/roll-out.ts";
import type { Rollout } from "../simulation/rollout.ts";
import { define } from "./definition.ts";
import { count, natural, otherwise, repeated, text } from "./parameter.ts";
import { Progress, significant } from "./progress.ts";
import type { Terminal } from "./terminal.ts";

export const rollout = define({
  name: "rollout",
  summary: "let a run's policy steer a simulated robot in closed loop, and count how often it succeeds",
  arguments: { run: text("run", "folder of a run") },
  options: {
    robot: text("name", "reacher, pusher, arm, bimanual or gantry"),
    episodes: count("count", "how many starts"),
    seed: otherwise(natural("seed", "starts and noise follow from it"), 0),
    execute: otherwise(count("steps", "carried out of each chunk; else half of it"), null),
    delay: otherwise(natural("steps", "between a question and the first action of its answer"), 0),
    sideBySide: otherwise(count("robots", "in one batch, at most; the last bits depend on it"), 32),
    video: otherwise(text("folder", "for films of the first episodes"), null),
    filmed: otherwise(count("episodes", "the first so many, with --video"), 4),
    dataset: otherwise(text("name", "that the robot learned from, where several robots fit"), null),
    set: otherwise(repeated(text("key=value", "replace one of the simulated robot's options")), []),
  },
  examples: [
    { line: "rollout runs/wide --robot reacher --episodes 50", shows: "the success rate with its interval" },
    { line: "rollout runs/wide --robot arm --episodes 50 --video films", shows: "and films of the first four" },
    { line: "rollout runs/wide --robot arm --episodes 50 --execute 4 --delay 2", shows: "answers come two steps late" },
  ],
  async run(given, terminal) {
    const { findRobot } = await import("../simulation/robots.ts");
    const { rollOutPolicy } = await import("../serving/roll-out.ts");
    const { override } = await import("./override.ts");
    const design = findRobot(given.robot);
    const stop = watchSignals();
    const watcher = watch(terminal, given.episodes, stop.isStopped);
    try {
      const { dataset, episodes, seed, execute, delay, sideBySide, video, filmed } = given;
      const request = {
        ...{ run: resolve(given.run), design, dataset, episodes, seed, execute, delay, sideBySide },
        options: (fitting: typeof design.defaults) => override(fitting, given.set),
        films: video === null ? null : { folder: resolve(video), episodes: filmed },
      };
      const result = await rollOutPolicy(request, watcher);
      watcher.finish();
      terminal.err.write(`${timesOf(result)}\n`);
      return { status: 0, json: jsonOf(given, result), text: textOf(given, result) };
    } finally {
      stop.forget();
    }
  },
});

/** Ctrl-C and SIGTERM stop at the next step; a second one stops at once. */
function watchSignals() {
  let isStopped = false;
  const stop = () => {
    if (isStopped) process.exit(130);
    isStopped = true;
  };
  process.on("SIGINT", stop).on("SIGTERM", stop);
  return {
    isStopped: () => isStopped,
    forget: () => process.off("SIGINT", stop).off("SIGTERM", stop),
  };
}

function watch(terminal: Terminal, total: number, isStopped: () => boolean) {
  const now = () => performance.now();
  const progress = new Progress({ screen: terminal.err, label: "rollout", unit: "episode", total, done: 0, now });
  let [done, successes] = [0, 0];
  return {
    finished: ({ isSuccess }: Rollout) => {
      if (isSuccess) successes++;
      progress.update(++done, { successes: String(successes) });
    },
    isStopped,
    finish: () => progress.finish(),
  };
}

interface Given {
  readonly run: string;
  readonly robot: string;
  readonly episodes: number;
  readonly seed: number;
}

/** Nothing of clocks: the same call prints the same object. */
function jsonOf({ run, robot, seed }: Given, { rollouts, successes, score, ...result }: PolicyRollouts) {
  return {
    robot,
    episodes: rollouts.length,
    successes,
    successRate: score?.successRate ?? null,
    interval: score?.interval ?? null,
    meanSteps: score?.meanSteps ?? null,
    run: resolve(run),
    step: result.step,
    policyRobot: result.robot.name,
    options: result.options,
    ...result.pace,
    seed,
    rollouts,
    films: result.films,
  };
}

function textOf({ robot, episodes, seed }: Given, { rollouts, successes, score, films }: PolicyRollouts): string {
  if (score === null) return "stopped before the first episode ended";
  const { successRate, interval, meanSteps } = score;
  const [low, high] = interval.map(percent);
  const stopped = rollouts.length < episodes ? ` (stopped; ${episodes} were asked for)` : "";
  const failed = rollouts.filter(({ isSuccess }) => !isSuccess).map(({ episode }) => episode);
  return [
    `${robot}: ${successes} of ${rollouts.length} succeeded, ${percent(successRate)} (95 % interval ${low} to ${high})${stopped}`,
    `${significant(meanSteps)} steps on average; seed ${seed}${failed.length > 0 ? `, failed episodes ${failed.join(" ")}` : ""}`,
    ...(films.length > 0 ? [`films: ${films.map((path) => relative(process.cwd(), path)).join(" ")}`] : []),
  ].join("\n");
}

function timesOf({ seconds, policySeconds, rollouts }: PolicyRollouts): string {
  const steps = rollouts.reduce((sum, each) => sum + each.steps, 0);
  return `${steps} steps in ${significant(seconds)} s, ${significant(policySeconds)} s of them the policy's`;
}

function percent(share: number): string {
  return `${significant(100 * share)} %`;
}
