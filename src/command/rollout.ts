import { relative, resolve } from "node:path";
import { InputError } from "../input-error.ts";
import type { WeightKind } from "../objective/weight-kind.ts";
import { type ChunkingName, chunkingNames, chunkingOf } from "../serving/chunking.ts";
import type { PolicyRollouts } from "../serving/roll-out.ts";
import type { AnswerCounts } from "../serving/said.ts";
import type { Rollout } from "../simulation/rollout.ts";
import { rolloutSeed } from "../simulation/seed.ts";
import { define } from "./definition.ts";
import { deviceOption } from "./device.ts";
import { type CommandParameter, choice, count, natural, otherwise, repeated, text } from "./parameter.ts";
import { Progress, percent, significant } from "./progress.ts";
import { policyArgument } from "./run-argument.ts";
import { watchStopSignals } from "./stop-signal.ts";
import type { Terminal } from "./terminal.ts";
import { weightsOption } from "./weights.ts";

export const rollout = define({
  name: "rollout",
  summary: "let a run's policy steer a simulated robot in closed loop, and count how often it succeeds",
  arguments: { run: policyArgument },
  options: {
    robot: text("name", "reacher, pusher, arm, bimanual or gantry"),
    episodes: count("count", "how many starts"),
    seed: otherwise(natural("seed", "starts and noise follow from it; not that of the recording"), rolloutSeed),
    execute: otherwise(count("steps", "carried out of each chunk; else half of it"), null),
    delay: otherwise(natural("steps", "between a question and the first action of its answer"), 0),
    chunking: otherwise(
      choice("way", "a chunk goes on from the one that the robot carries out while it waits", chunkingNames),
      chunkingNames[0],
    ),
    weights: weightsOption,
    device: deviceOption,
    atLeast: otherwise(share("rate", "of successes, 0 to 1; below it the exit status is 1"), null),
    sideBySide: otherwise(
      count("robots", "at work at the same time, at most; the last bits depend on small numbers"),
      32,
    ),
    video: otherwise(text("folder", "for films of the first episodes"), null),
    filmed: otherwise(count("episodes", "the first so many, with --video"), 4),
    dataset: otherwise(text("name", "that the robot learned from, where several robots fit"), null),
    set: otherwise(repeated(text("key=value", "replace one of the simulated robot's options")), []),
  },
  examples: [
    { line: "rollout runs/wide --robot reacher --episodes 50", shows: "the success rate with its interval" },
    { line: "rollout arm.onnx --robot arm --episodes 50", shows: "the same by a file that `export --onnx` wrote" },
    { line: "rollout runs/wide --robot arm --episodes 50 --video films", shows: "and films of the first four" },
    { line: "rollout runs/wide --robot arm --episodes 50 --at-least 0.7", shows: "exit status 1 below 70 %" },
    { line: "rollout runs/wide --robot arm --episodes 50 --execute 4 --delay 2", shows: "answers come two steps late" },
    {
      line: "rollout runs/wide --robot arm --episodes 50 --delay 4 --chunking guided",
      shows: "the same, four steps late, with chunks that go on from those before them",
    },
    {
      line: "rollout runs/wide --robot arm --episodes 50 --weights int8",
      shows: "what 8-bit weights cost in closed loop: the same starts and noise",
    },
  ],
  async run(given, terminal) {
    const { findRobot } = await import("../simulation/robots.ts");
    const { rollOutPolicy } = await import("../serving/roll-out.ts");
    const { override } = await import("../recipe/override.ts");
    const design = findRobot(given.robot);
    const stop = watchStopSignals(() => {});
    const watcher = watch(terminal, given.episodes, stop.isStopped);
    try {
      const { dataset, episodes, seed, execute, delay, sideBySide, video, filmed } = given;
      const chunking = chunkingOf(given.chunking);
      const request = {
        run: resolve(given.run),
        design,
        dataset,
        episodes,
        seed,
        execute,
        delay,
        chunking,
        weightKind: given.weights,
        device: given.device,
        sideBySide,
        options: (fitting: typeof design.defaults) => override(fitting, given.set),
        films: video === null ? null : { folder: resolve(video), episodes: filmed },
      };
      const result = await rollOutPolicy(request, watcher);
      watcher.finish();
      for (const note of result.notes) terminal.err.write(`${note}\n`);
      terminal.err.write(`${timesOf(result)}\n`);
      const isMet = meets(given, result);
      return { status: isMet ? 0 : 1, json: jsonOf(given, isMet, result), text: textOf(given, isMet, result) };
    } finally {
      stop.forget();
    }
  },
});

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

/** A number from 0 to 1. */
function share(placeholder: string, help: string): CommandParameter<number> {
  const read = (texts: readonly string[], shown: string) => {
    const given = texts.at(-1) ?? "";
    if (/^(0(\.[0-9]+)?|1(\.0+)?|\.[0-9]+)$/.test(given)) return Number(given);
    throw new InputError(`${shown}: expected a number from 0 to 1, got "${given}"`);
  };
  return { placeholder, help, repeats: false, absent: null, read };
}

interface Given {
  readonly atLeast: number | null;
  readonly run: string;
  readonly robot: string;
  readonly episodes: number;
  readonly seed: number;
  readonly chunking: ChunkingName;
  readonly weights: WeightKind;
}

/** Whether the bar is met; rollouts that were stopped meet none. */
function meets({ atLeast, episodes }: Given, { rollouts, score }: PolicyRollouts): boolean {
  return atLeast === null || (rollouts.length === episodes && (score?.successRate ?? 0) >= atLeast);
}

/** Nothing of clocks: the same call prints the same object. */
function jsonOf(
  { run, robot, seed, atLeast, chunking, weights }: Given,
  isMet: boolean,
  { rollouts, successes, score, ...result }: PolicyRollouts,
) {
  return {
    robot,
    episodes: rollouts.length,
    successes,
    successRate: score?.successRate ?? null,
    interval: score?.interval ?? null,
    meanSteps: score?.meanSteps ?? null,
    atLeast,
    isMet,
    run: resolve(run),
    step: result.step,
    policyRobot: result.robot.name,
    options: result.options,
    ...result.execution,
    chunking,
    weights,
    seed,
    rollouts,
    ...(result.answers === null ? {} : { answers: result.answers }),
    films: result.films,
  };
}

function textOf(
  { robot, episodes, seed, atLeast }: Given,
  isMet: boolean,
  { rollouts, successes, score, answers, films }: PolicyRollouts,
): string {
  if (score === null) return "stopped before the first episode ended";
  const { successRate, interval, meanSteps } = score;
  const [low, high] = interval.map(percent);
  const stopped = rollouts.length < episodes ? ` (stopped; ${episodes} were asked for)` : "";
  const failed = rollouts.filter(({ isSuccess }) => !isSuccess).map(({ episode }) => episode);
  return [
    `${robot}: ${successes} of ${rollouts.length} succeeded, ${percent(successRate)} (95 % interval ${low} to ${high})${stopped}`,
    `${significant(meanSteps)} steps on average; seed ${seed}, episodes 0 to ${rollouts.length - 1}${failed.length > 0 ? `, failed ${failed.join(" ")}` : ""}`,
    ...(answers === null ? [] : [answersLine(answers)]),
    ...(atLeast === null ? [] : [`the bar of ${percent(atLeast)} is ${isMet ? "met" : "missed"}`]),
    ...(films.length > 0 ? [`films: ${films.map((path) => relative(process.cwd(), path)).join(" ")}`] : []),
  ].join("\n");
}

/** What a robot was given in place of what its policy did not say. */
function answersLine({ all, short, broken }: AnswerCounts): string {
  return `of ${all} answers ${short} ended early, whose last step was held, and ${broken} were no chunk, for which the robot got zeros in unit scale`;
}

function timesOf({ seconds, policySeconds, rollouts }: PolicyRollouts): string {
  const steps = rollouts.reduce((sum, each) => sum + each.steps, 0);
  return `${steps} steps in ${significant(seconds)} s, ${significant(policySeconds)} s of them the policy's`;
}
