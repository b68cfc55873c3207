import { Writable } from "node:stream";
import { expect, it } from "vitest";
import type { Group, Losses, WeightsValidation } from "../metric/group.ts";
import { PlainTrainingDisplay } from "./plain-training-display.ts";

class Recorder extends Writable {
  text = "";
  readonly isTTY = false;
  readonly columns = 80;

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
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

function started() {
  const screen = new Recorder();
  const time = { ms: 0 };
  return { screen, time, display: new PlainTrainingDisplay({ screen, total: 100, batchSize: 8, now: () => time.ms }) };
}

it("is lines in a file", () => {
  const { screen, time, display } = started();
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

it("leaves a line for each robot of a rollout", () => {
  const { screen, display } = started();
  display.begun(0);
  display.rollingOut(0, 20);
  const score = { successRate: 0.55, interval: [0.342, 0.742], meanSteps: 80 } as const;
  display.rolledOut(100, [{ robot: "arm", dataset: "arm", episodes: 20, successes: 11, ...score }]);
  display.hide();
  expect(screen.text).toBe("step 100  arm: 11 of 20 succeeded, 55 % (95 % interval 34.2 % to 74.2 %)\n");
});
