import { relative, resolve } from "node:path";
import { InputError } from "../input-error.ts";
import type { RobotEnvironment, RobotOptions } from "../simulation/environment.ts";
import type { RecordingResult } from "../simulation/record.ts";
import { recordingSeed } from "../simulation/seed.ts";
import { define } from "./definition.ts";
import { type CommandParameter, choice, count, flag, otherwise, repeated, text } from "./parameter.ts";
import { Progress, significant } from "./progress.ts";
import { watchStopSignals } from "./stop-signal.ts";
import type { Terminal } from "./terminal.ts";

// Inside another call their types would widen to any text.
const version = choice("version", "LeRobot's format", ["v3.0", "v2.1"]);
const codec = choice("codec", "of the videos", ["h264", "av1"]);

export const record = define({
  name: "record",
  summary: "record a simulated robot's scripted expert as a LeRobot dataset",
  arguments: {},
  options: {
    robot: text("name", "reacher, pusher, arm, bimanual or gantry"),
    episodes: count("count", "successful episodes in the dataset"),
    out: text("folder", "a new or empty folder"),
    seed: otherwise(wholeFromZero("seed", "what is left to chance follows from it"), recordingSeed),
    version: otherwise(version, "v3.0" as const),
    codec: otherwise(codec, "h264" as const),
    set: otherwise(repeated(text("key=value", "replace one of the robot's options")), []),
    stepsAfterSuccess: otherwise(
      wholeFromZero("steps", "each episode goes on for so many steps once it has succeeded"),
      0,
    ),
    resume: flag("go on with an interrupted recording in --out"),
  },
  examples: [
    { line: "record --robot arm --episodes 200 --out runs/arm", shows: "pick and place, two cameras" },
    {
      line: "record --robot pusher --episodes 200 --out runs/pusher --set observation=state",
      shows: "without pictures: the state tells where the goal is",
    },
    { line: "record --robot arm --episodes 200 --out runs/arm --resume", shows: "goes on behind the last episode" },
  ],
  async run(given, terminal) {
    const { createRobot, findRobot } = await import("../simulation/robots.ts");
    const { recordDemonstrations, recordingOf, savedTogether } = await import("../simulation/record.ts");
    const { DatasetWriter } = await import("../dataset/write/dataset-writer.ts");
    const { override } = await import("../recipe/override.ts");
    const design = findRobot(given.robot);
    const options: RobotOptions = override(design.defaults, given.set);
    const robot = await createRobot(design, options);
    const stop = watchStopSignals(() => {});
    try {
      const folder = resolve(given.out);
      const description = recordingOf(robot, given);
      const writer = await (given.resume ? DatasetWriter.resume : DatasetWriter.create)(
        folder,
        description,
        savedTogether,
      );
      if (writer.episodes > given.episodes)
        throw new InputError(`--episodes: expected at least the ${writer.episodes} recorded, got ${given.episodes}`);
      const from = { frames: writer.frames, ms: performance.now() };
      const watcher = watch(terminal, given.episodes, writer.episodes, stop.isStopped);
      const recorded = await recordDemonstrations(robot, writer, given, watcher);
      watcher.finish();
      const speed = speedOf(robot, recorded.frames - from.frames, (performance.now() - from.ms) / 1000);
      return { status: 0, json: jsonOf(folder, given, recorded, speed), text: textOf(folder, recorded, speed) };
    } finally {
      stop.forget();
      robot.close();
    }
  },
});

function wholeFromZero(placeholder: string, help: string): CommandParameter<number> {
  const read = (texts: readonly string[], shown: string) => {
    const given = texts.at(-1) ?? "";
    if (/^[0-9]{1,15}$/.test(given)) return Number(given);
    throw new InputError(`${shown}: expected a whole number from 0, got "${given}"`);
  };
  return { placeholder, help, repeats: false, absent: null, read };
}

function watch(terminal: Terminal, total: number, done: number, isStopped: () => boolean) {
  const now = () => performance.now();
  const progress = new Progress({ screen: terminal.err, label: "record", unit: "episode", total, done, now });
  return {
    recorded: (episodes: number, frames: number) => progress.update(episodes, { frames: String(frames) }),
    isStopped,
    finish: () => progress.finish(),
  };
}

/** How fast it went: nothing is known of no frames. */
interface RecordingSpeed {
  readonly seconds: number;
  /** What a real robot would have taken. */
  readonly simulatedSeconds: number;
  readonly timesRealTime: number | null;
}

function speedOf({ framesPerSecond }: RobotEnvironment, frames: number, seconds: number): RecordingSpeed {
  const simulatedSeconds = frames / framesPerSecond;
  return { seconds, simulatedSeconds, timesRealTime: frames > 0 ? simulatedSeconds / seconds : null };
}

interface Given {
  readonly robot: string;
  readonly version: string;
  readonly seed: number;
}

function jsonOf(folder: string, { robot, version, seed }: Given, recorded: RecordingResult, speed: RecordingSpeed) {
  const { episodes, frames, attempts, isInterrupted } = recorded;
  const expertSuccessRate = attempts > 0 ? episodes / attempts : null;
  return {
    dataset: folder,
    robot,
    version,
    seed,
    episodes,
    frames,
    attempts,
    expertSuccessRate,
    ...speed,
    isInterrupted,
  };
}

function textOf(
  folder: string,
  { episodes, frames, attempts, isInterrupted }: RecordingResult,
  speed: RecordingSpeed,
): string {
  const place = relative(process.cwd(), folder) || folder;
  if (isInterrupted) return `stopped after ${episodes} whole episodes: ${place}; go on with --resume`;
  const real =
    speed.timesRealTime === null ? "" : `, ${significant(speed.timesRealTime)} times as fast as a real robot`;
  const failed = attempts > episodes ? `, ${attempts - episodes} failed attempts left out` : "";
  return `${episodes} episodes, ${frames} frames${failed}${real}: ${place}`;
}
