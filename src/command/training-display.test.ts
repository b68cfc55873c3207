import { Writable } from "node:stream";
import { expect, it } from "vitest";
import type { Group, Losses, WeightsValidation } from "../metric/group.ts";
import { TrainingDisplay } from "./training-display.ts";

class Recorder extends Writable {
  text = "";
  readonly isTTY: boolean;
  readonly columns = 80;

  constructor(isTTY: boolean) {
    super();
    this.isTTY = isTTY;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }

  /** What stands on the screen: what is behind the last return to a line's start, line by line. */
  get shown(): string[] {
    return this.text.split("\n").map((line) => line.split("\r").at(-1)!.replace("\u001b[K", ""));
  }
}

const losses = (loss: number | null): Losses => ({ byErrors: new Map([["velocity", loss]]), loss, interval: null });
const group = (dataset: string, controlMode: string, loss: number | null): Group => {
  return { dataset, controlMode, samples: 4, episodes: 1, ...losses(loss) };
};
const validation: WeightsValidation = {
  weights: "ema",
  samples: 12,
  groups: [group("arm", "joint", 0.5), group("arm", "ee", 0.25), group("a-robot-with-a-long-name", "ee", null)],
  aggregate: losses(0.375),
};

function started(isTTY: boolean) {
  const screen = new Recorder(isTTY);
  const time = { ms: 0 };
  return { screen, time, display: new TrainingDisplay({ screen, total: 100, now: () => time.ms }) };
}

it("shows one bar at a time on a terminal: the steps, or the samples of a validation", () => {
  const { screen, time, display } = started(true);
  display.note("data.workers was 1 and is 2");
  display.begun(0);
  time.ms = 1000;
  display.validating(3, 12);
  time.ms = 2000;
  display.validating(6, 12);
  expect(screen.shown).toEqual([
    "data.workers was 1 and is 2",
    "validate  ██████████░░░░░░░░░░  6/12  50%  3 sample/s  0:02 left",
  ]);
  time.ms = 8000;
  display.validated(0, validation);
  const lines = [
    "step 0  validation of EMA weights 0.3750",
    "  arm / joint 0.5000  arm / ee 0.2500  a-robot-with-a-long-name no data",
  ];
  expect(screen.shown.slice(1)).toEqual([...lines, ""]);
  // Two steps in a second, not in nine: what the validation took is none of theirs.
  time.ms = 9000;
  display.stepped({ step: 2, loss: 0.51234, waitShare: 0.031 });
  expect(screen.shown.at(-1)).toBe("train  ░░░░░░░░░░░░░░░  2/100  2%  2 step/s  0:49 left  loss 0.512  wait 3%");
  display.hide();
  expect(screen.shown.at(-1)).toBe("");
});

it("is lines in a file", () => {
  const { screen, time, display } = started(false);
  display.begun(50);
  time.ms = 5000;
  display.stepped({ step: 51, loss: 1, waitShare: 0 });
  display.validating(6, 12);
  display.validated(51, validation);
  display.hide();
  time.ms = 12_000;
  display.stepped({ step: 52, loss: 1, waitShare: 0 });
  display.finish();
  expect(screen.text.split("\n")).toEqual([
    "step 51  validation of EMA weights 0.3750",
    "  arm / joint 0.5000  arm / ee 0.2500  a-robot-with-a-long-name no data",
    "train  52/100  52%  0.167 step/s  4:48 left  loss 1  wait 0%",
    "train  52/100  52%  took 0:12  loss 1  wait 0%",
    "",
  ]);
});

it("shows a rollout's episodes, and leaves a line for each robot", () => {
  const { screen, time, display } = started(true);
  display.begun(0);
  display.rollingOut(0, 20);
  time.ms = 1000;
  display.rollingOut(5, 20);
  expect(screen.shown.at(-1)).toBe("rollout  █████░░░░░░░░░░░░░░░  5/20  25%  5 episode/s  0:03 left");
  const score = { successRate: 0.55, interval: [0.342, 0.742], meanSteps: 80 } as const;
  display.rolledOut(100, [{ robot: "arm", dataset: "arm", episodes: 20, successes: 11, ...score }]);
  display.hide();
  expect(screen.shown).toEqual(["step 100  arm: 11 of 20 succeeded, 55 % (95 % interval 34.2 % to 74.2 %)", ""]);
});
